import { describe, expect, it } from 'vitest';
import { refuseForgeable } from './forgeable-request.js';

const HOST = 'control.example.com';

function get(headers: Record<string, string>): () => void {
  return () => {
    refuseForgeable({
      method: 'GET',
      url: '/graphql',
      headers: { host: HOST, ...headers },
      body: null,
      raw: null,
      context: null,
    });
  };
}

describe('a GET', () => {
  it.each<[string, Record<string, string>]>([
    ['a script of another site', { 'sec-fetch-site': 'cross-site', 'user-agent': 'Mozilla/5.0' }],
    ['a page of a neighbour', { 'sec-fetch-site': 'same-site' }],
    ['a page of another origin', { origin: 'https://evil.example.org' }],
    ['a page without an origin', { origin: 'null' }],
    ['a browser that does not tell', { 'user-agent': 'Mozilla/5.0' }],
    ['a form', { 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain; charset=utf-8' }],
  ])('is refused from %s', (_, headers) => {
    expect(get(headers)).toThrow('apollo-require-preflight');
  });

  it.each<[string, Record<string, string>]>([
    ['a client that is no browser', { 'user-agent': 'curl/8' }],
    ['a client that does not say what it is', {}],
    ['our own pages', { 'sec-fetch-site': 'same-origin', 'user-agent': 'Mozilla/5.0' }],
    ['the address bar', { 'sec-fetch-site': 'none', 'user-agent': 'Mozilla/5.0' }],
    ['our own origin', { origin: `https://${HOST}` }],
    ['a page that forces a preflight', { 'sec-fetch-site': 'cross-site', 'apollo-require-preflight': 'true' }],
    ['a page with a token', { 'sec-fetch-site': 'cross-site', authorization: 'Bearer x' }],
    ['a page with JSON', { 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' }],
  ])('is taken from %s', (_, headers) => {
    expect(get(headers)).not.toThrow();
  });
});
