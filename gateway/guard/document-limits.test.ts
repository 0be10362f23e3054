import { GraphQLError, buildSchema, getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { DOCUMENT_LIMITS } from './document-limits.js';
import { DocumentStore } from './document-store.js';

const schema = buildSchema('type Query { a: Query b(x: String): Int }');
const store = new DocumentStore(schema, DOCUMENT_LIMITS);

function refusal(text: string): { code: unknown; limit: unknown; milliseconds: number } {
  const start = performance.now();
  const answer = store.get(text);
  const milliseconds = performance.now() - start;
  if ('operations' in answer) throw new Error('not refused');
  const [error] = answer;
  expect(error).toBeInstanceOf(GraphQLError);
  return { code: error?.extensions['code'], limit: error?.extensions['limit'], milliseconds };
}

/** Each fragment spreads the next one twice: 2^depth fields. */
function bomb(depth: number): string {
  const fragments = Array.from(
    { length: depth },
    (_, i) => `fragment F${i} on Query { ...F${i + 1} x${i}: a { ...F${i + 1} } }`,
  );
  return `{ ...F0 } ${fragments.join(' ')} fragment F${depth} on Query { b }`;
}

describe('limits on documents', () => {
  it.each([
    ['depth', `{ ${'a { '.repeat(30)} b ${'} '.repeat(30)} }`],
    ['aliases', `{ a { ${Array.from({ length: 300 }, (_, i) => `x${i}: b`).join(' ')} } }`],
    ['rootFields', `{ ${Array.from({ length: 60 }, (_, i) => `x${i}: b`).join(' ')} }`],
    ['directives', `{ a { b ${'@include(if: true) '.repeat(250)} } }`],
    ['tokens', `{ ${'b '.repeat(10_000)} }`],
    ['nesting', `{ ${'a { '.repeat(100_000)}`],
    ['nesting', `{ b(x: ${'['.repeat(100_000)}`],
    ['fields', `{ a { ${'b '.repeat(2_500)} } }`],
    ['aliases', bomb(15)],
    [
      'depth',
      `{ ...F0 } ${Array.from({ length: 30 }, (_, i) => `fragment F${i} on Query { a { ...F${i + 1} } }`).join(' ')} fragment F30 on Query { b }`,
    ],
  ])('refuses too many %s at once', (limit, text) => {
    const { code, limit: actual, milliseconds } = refusal(text);
    expect({ code, limit: actual }).toEqual({ code: 'QUERY_TOO_COMPLEX', limit });
    expect(milliseconds).toBeLessThan(50);
  });

  it('counts a fragment wherever it is spread', () => {
    const aliases = Array.from({ length: 60 }, (_, i) => `y${i}: b`).join(' ');
    expect(
      refusal(`{ p: a { ...F } q: a { ...F } r: a { ...F } s: a { ...F } } fragment F on Query { ${aliases} }`).limit,
    ).toBe('aliases');
  });

  it('leaves cycles of fragments to validation', () => {
    expect(refusal('{ ...A } fragment A on Query { a { ...B } } fragment B on Query { ...A }').code).toBe(
      'GRAPHQL_VALIDATION_FAILED',
    );
  });

  it('refuses another field under the name __typename', () => {
    expect(refusal('{ __typename: b }').code).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('lets the introspection of GraphiQL and code generators through', () => {
    expect(store.get(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }))).toHaveProperty('operations');
  });

  it('remembers valid documents', () => {
    expect(store.get('{ b }')).toBe(store.get('{ b }'));
  });

  it('validates the largest document allowed in bounded time', () => {
    const start = performance.now();
    store.get(`{ a { ${'b '.repeat(DOCUMENT_LIMITS.fieldsMax - 1)} } }`);
    expect(performance.now() - start).toBeLessThan(300);
  });
});
