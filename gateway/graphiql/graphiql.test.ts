import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../testing/test-gateway.js';

const CHROMIUM = '/usr/bin/chromium';
const HTML = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };

let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway({
    graphiql: {
      title: 'Shop </script> & more',
      tabs: [
        {
          name: 'Operators',
          query: 'query Users($id: ID!) {\n  user(id: $id) { name email }\n}',
          variables: { id: 'u1' },
        },
        {
          name: 'Integrators',
          query: 'subscription Events {\n  userEvents { cursor user { name reviews { body } } }\n}',
        },
      ],
      developmentCredentials: () => [{ label: 'Ada (operator)', authorization: 'Bearer user.email.read' }],
    },
  });
});
afterAll(async () => test.stop());

describe('the GraphiQL page', () => {
  it('is what a browser gets at the endpoint, with a strict content security policy', async () => {
    const response = await fetch(test.url, HTML);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self';");
    const html = await response.text();
    expect(html).toContain('<title>Shop &#60;/script&#62; &#38; more</title>');
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  it('comes with all its files, compressed and cacheable', async () => {
    const html = await (await fetch(test.url, HTML)).text();
    const files = [...html.matchAll(/(?:src|href)="(\/graphql\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
    expect(files.length).toBe(6);
    for (const file of [...files, '/graphql/assets/graphql-ws.js']) {
      const response = await fetch(new URL(file, test.url));
      expect([response.status, response.headers.get('content-encoding')]).toEqual([200, 'gzip']);
      const again = await fetch(new URL(file, test.url), {
        headers: { 'if-none-match': response.headers.get('etag') ?? '' },
      });
      expect(again.status).toBe(304);
    }
    expect((await fetch(new URL('/graphql/assets/other.js', test.url))).status).toBe(404);
  });

  it('leaves queries in the address to GraphQL', async () => {
    const response = await fetch(`${test.url}?query={me{name}}`, HTML);
    expect(await response.json()).toEqual({ data: { me: { name: 'Ada' } } });
  });

  it('is not there unless configured', async () => {
    const bare = await startTestGateway();
    expect((await fetch(bare.url, HTML)).status).toBe(400);
    await bare.stop();
  });
});

describe.skipIf(!existsSync(CHROMIUM))('the GraphiQL page in Chromium', () => {
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1280, height: 760 } });
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(new URL(test.url).origin) && !/^(data|blob):/.test(request.url()))
        faults.push(`request to ${request.url()}`);
    });
    await page.goto(test.url);
    await page.waitForSelector('.graphiql-execute-button');
  });
  afterAll(async () => browser.close());

  async function run(): Promise<string> {
    await page.click('.graphiql-execute-button');
    await page.waitForSelector('.graphiql-spinner', { state: 'detached' });
    await page.waitForTimeout(300);
    const lines = await page.$$eval('.result-window .CodeMirror-line', (nodes) =>
      nodes.map((node) => node.textContent),
    );
    return lines.join('').replaceAll(/\s/g, '');
  }

  it('runs a query as nobody, then as the chosen development credential', async () => {
    expect(await run()).toContain('"FORBIDDEN"');
    await page.selectOption('#credential', { label: 'Ada (operator)' });
    expect(await run()).toContain('"email":"ada@example.org"');
    expect(await page.textContent('#identity')).toBe('Ada (operator)');
    if (process.env['GRAPHIQL_SCREENSHOT']) await page.screenshot({ path: process.env['GRAPHIQL_SCREENSHOT'] });
  });

  it('runs a subscription over a WebSocket, with the subject followed across subgraphs', async () => {
    await page.click('.graphiql-tab >> nth=1');
    // GraphiQL notices the name of the tab's operation with a delay.
    await page.waitForTimeout(700);
    expect(await run()).toContain('"cursor":"3"');
  });

  it('signs in with a pasted token, and out', async () => {
    await page.selectOption('#credential', { label: 'Paste a token…' });
    await page.fill('#token', 'Bearer abcdefgh');
    await page.click('#use');
    expect(await page.textContent('#identity')).toBe('Token …cdefgh');
    await page.click('#sign-out');
    expect(await page.textContent('#identity')).toBe('Not signed in');
  });

  it('breaks no rule of its content security policy and asks nobody else', () => {
    expect(faults).toEqual([]);
  });
});
