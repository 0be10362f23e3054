import { buildSchema, execute, parse, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { operationOf } from '../../testing/operation-of.js';
import { CompiledOperation } from './compiled-operation.js';

const schema = buildSchema(`
  type Query {
    told(id: ID!, count: Int = 3, flag: Boolean, color: Color = RED, ids: [ID!], grid: [[Int]], filter: Filter): String
    many(first: Int! = 2): [Thing!]!
    thing: Thing
  }
  type Mutation { first: Int second: Int! third: Int }
  type Thing { id: ID! told(id: ID!): String }
  input Filter { id: ID! color: Color = GREEN nested: Filter tags: [String!] = ["a"] }
  enum Color { RED GREEN }
`);
const query = schema.getQueryType()?.getFields();
if (query?.['told']) query['told'].resolve = (_source, args: unknown): string => JSON.stringify(args);

async function both(
  text: string,
  variables: Record<string, unknown> = {},
  rootValue: unknown = {},
  over: GraphQLSchema = schema,
): Promise<{ ours: ExecutionResult; theirs: ExecutionResult }> {
  const ours = await new CompiledOperation(over, operationOf(text)).execute({ variables, rootValue, context: {} });
  const document = parse(text, { noLocation: true });
  const theirs = await execute({ schema: over, document, variableValues: variables, rootValue, contextValue: {} });
  return { ours: plain(ours), theirs: plain(theirs) };
}

function plain(result: ExecutionResult): ExecutionResult {
  return JSON.parse(JSON.stringify(result)) as ExecutionResult;
}

const WITH_ALL = `query Q($id: ID!, $count: Int, $flag: Boolean = true, $color: Color, $ids: [ID!], $grid: [[Int]], $filter: Filter) {
  told(id: $id, count: $count, flag: $flag, color: $color, ids: $ids, grid: $grid, filter: $filter)
}`;

describe('arguments of compiled operations are as in graphql-js', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['defaults', '{ told(id: 1) }', {}],
    ['literals', '{ told(id: "x", count: 7, flag: null, color: GREEN, ids: "one", grid: [1, [2, null]]) }', {}],
    ['object literals', '{ told(id: 1, filter: { id: 2, nested: { id: 3, color: null } }) }', {}],
    [
      'variables in literals',
      'query ($x: ID!, $y: [String!]) { told(id: 1, ids: [$x], filter: { id: $x, tags: $y }) }',
      { x: 1 },
    ],
    ['an invalid literal', '{ told(id: 1, count: "no") thing { id } }', {}],
    ['a missing required argument', '{ told }', {}],
    ['null for a required argument', '{ told(id: null) }', {}],
    ['absent variables', WITH_ALL, { id: 1 }],
    ['null variables', WITH_ALL, { id: 1, count: null, flag: null, color: null, ids: null, filter: null }],
    ['undefined variables', WITH_ALL, { id: 1, count: undefined, ids: undefined }],
    ['given variables', WITH_ALL, { id: 5, count: 4, flag: false, color: 'GREEN', ids: ['a'], grid: [[1]] }],
    ['lists of one', WITH_ALL, { id: 'x', ids: 'one', grid: 1 }],
    ['objects', WITH_ALL, { id: 'x', filter: { id: 1, nested: { id: 2, tags: ['b'] } } }],
    ['another iterable', WITH_ALL, { id: 'x', ids: new Set(['a', 'b']) }],
    ['a variable that is missing', WITH_ALL, {}],
    ['a variable of a wrong type', WITH_ALL, { id: 1, count: 'x' }],
    ['an item of a wrong type', WITH_ALL, { id: 1, ids: ['a', {}] }],
    ['a field too many', WITH_ALL, { id: 1, filter: { id: 1, other: 2 } }],
    ['an unknown enum value', WITH_ALL, { id: 1, color: 'BLUE' }],
    ['a nullable variable for a required argument', 'query ($id: ID) { told(id: $id) }', { id: null }],
    ['an absent one', 'query ($id: ID) { told(id: $id) }', {}],
  ])('for %s', async (_, text, variables) => {
    const { ours, theirs } = await both(text, variables);
    expect(ours).toEqual(theirs);
  });

  it('and are made anew for each call', async () => {
    const changing = buildSchema(
      'input Filter { id: ID } type Query { told(filter: Filter, ids: [ID], n: Int): String }',
    );
    const field = changing.getQueryType()?.getFields()['told'];
    if (!field) throw new Error('no field');
    field.resolve = (_source, args: { filter: { id?: string }; ids: string[]; n?: number }): string => {
      const told = JSON.stringify(args);
      args.ids.push('more');
      delete args.filter.id;
      delete args.n;
      return told;
    };
    const compiled = new CompiledOperation(changing, operationOf('{ told(filter: { id: 1 }, ids: [2], n: 3) }'));
    const answer = { data: { told: '{"filter":{"id":"1"},"ids":["2"],"n":3}' } };
    for (let i = 0; i < 3; i++) expect(await compiled.execute({ variables: {}, context: {} })).toEqual(answer);
  });
});

describe('compiled operations', () => {
  it('are kept for each set of values of their conditions, and refuse what is no condition', async () => {
    const text = 'query ($a: Boolean!, $b: Boolean = true) { told(id: 1) @skip(if: $a) thing @include(if: $b) { id } }';
    const compiled = new CompiledOperation(schema, operationOf(text));
    const execute = async (variables: Record<string, unknown>): Promise<ExecutionResult> =>
      compiled.execute({ variables, context: {}, rootValue: { thing: { id: 1 } } });
    for (let i = 0; i < 2; i++) {
      expect(await execute({ a: true })).toEqual({ data: { thing: { id: '1' } } });
      expect(Object.keys((await execute({ a: false, b: false })).data ?? {})).toEqual(['told']);
      expect(await execute({ a: 'no' })).toMatchObject({ errors: [{ message: expect.stringContaining('$a') }] });
    }
    const nullable = await both('query ($a: Boolean) { thing @skip(if: $a) { id } }', {});
    expect(nullable.ours).toEqual(nullable.theirs);
  });

  it('run the fields of a mutation one after the other, and stop where null is not allowed', async () => {
    const order: string[] = [];
    const step = (name: string, answer: unknown) => async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 2));
      order.push(`${name} ends`);
      return answer;
    };
    const rootValue = { first: step('first', 1), second: step('second', null), third: step('third', 3) };
    const { ours } = await both('mutation { first second third }', {}, rootValue);
    expect(order.slice(0, 4)).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
    expect(order.filter((line) => line.startsWith('third'))).toEqual([]);
    expect(ours).toMatchObject({ data: null, errors: [{ path: ['second'] }] });
  });

  it('answer synchronously when resolvers do', () => {
    const compiled = new CompiledOperation(schema, operationOf('{ many { id told(id: 1) } }'));
    const rootValue = { many: [{ id: 1, told: ({ id }: { id: string }) => `method ${id}` }] };
    expect(compiled.execute({ variables: {}, context: {}, rootValue })).toEqual({
      data: { many: [{ id: '1', told: 'method 1' }] },
    });
  });

  it('leave response names that would change a prototype to graphql-js', async () => {
    const compiled = new CompiledOperation(schema, operationOf('{ __proto__: told(id: 1) constructor: told(id: 2) }'));
    const { data } = await compiled.execute({ variables: {}, context: {} });
    expect(Object.keys(data ?? {})).toEqual(['__proto__', 'constructor']);
  });

  it('read getters of classes and properties of functions as graphql-js does', async () => {
    class Thing {
      get id(): string {
        throw new Error('no id');
      }
    }
    const callable = Object.assign(() => undefined, { id: 'of a function' });
    for (const thing of [new Thing(), callable, Object.create({ id: 'inherited' }), 'text', Object.create(null)]) {
      const { ours, theirs } = await both('{ thing { id } }', {}, { thing: () => thing });
      expect(ours).toEqual(theirs);
    }
  });

  it('answer introspection', async () => {
    const { ours, theirs } = await both('{ __schema { types { name fields { name args { name defaultValue } } } } }');
    expect(ours).toEqual(theirs);
  });
});
