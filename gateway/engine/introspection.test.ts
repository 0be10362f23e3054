import { buildSchema, getIntrospectionQuery, parse, type FieldNode } from 'graphql';
import { describe, expect, it } from 'vitest';
import { gatewayOperation } from '../testing/gateway-operation.js';
import { introspect } from './introspection.js';

const SCHEMA = buildSchema('type Query { a(b: Int): String } type Other { c: Int }');

function ask(text: string, variables: Record<string, unknown> = {}, schema = SCHEMA): unknown {
  const operation = gatewayOperation(parse(text));
  const nodes = operation.definition.selectionSet.selections as FieldNode[];
  return introspect(schema, operation, variables, nodes, nodes[0]?.alias?.value ?? nodes[0]?.name.value ?? '');
}

describe('introspection', () => {
  it('is answered once for the same question, however it is written', () => {
    const whole = ask(getIntrospectionQuery());
    expect(ask(getIntrospectionQuery())).toBe(whole);
    expect(ask(getIntrospectionQuery().replaceAll(/\s+/g, ' '))).toBe(whole);
    expect(whole).toMatchObject({ queryType: { name: 'Query' } });
  });

  it('tells questions apart by their variables, their fragments and the schema', () => {
    const type = 'query ($name: String!) { t: __type(name: $name) { ...F } } fragment F on __Type';
    expect(ask(`${type} { name }`, { name: 'Query' })).toEqual({ name: 'Query' });
    expect(ask(`${type} { name }`, { name: 'Other' })).toEqual({ name: 'Other' });
    expect(ask(`${type} { kind }`, { name: 'Other' })).toEqual({ kind: 'OBJECT' });
    expect(ask(`${type} { name }`, { name: 'Other' }, buildSchema('type Query { a: Int }'))).toBeNull();
  });

  it('keeps so many answers', () => {
    const first = ask('{ x: __type(name: "Query") { name } }');
    for (let count = 0; count < 8; count++) ask(`{ x${count}: __type(name: "Query") { name } }`);
    const again = ask('{ x: __type(name: "Query") { name } }');
    expect(again).toEqual(first);
    expect(again).not.toBe(first);
  });
});
