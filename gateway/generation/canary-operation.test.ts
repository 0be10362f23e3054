import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { canaryOperation } from './canary-operation.js';

describe('the canary', () => {
  it.each([
    ['type Query { user(id: ID!): Int version: String! }', '{ version }'],
    ['type Query { user(id: ID): User } type User { friends(first: Int!): [User] name: String }', '{ user { name } }'],
    [
      'type Query { found: [Found!] } union Found = A | B type A { a: Int } type B { b: Int }',
      '{ found { __typename } }',
    ],
    ['type Query { a: A } type A { a: A }', '{ a { __typename } }'],
  ])('of %s is %s', (sdl, expected) => {
    const schema = buildSchema(sdl);
    expect(canaryOperation(schema)).toBe(expected);
    expect(validate(schema, parse(expected))).toEqual([]);
  });

  it('is none where every field needs an argument', () => {
    expect(canaryOperation(buildSchema('type Query { user(id: ID!): Int }'))).toBeUndefined();
  });
});
