import { readdirSync, readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { randomNumbers, OperationWriter } from '../../testing/random-operation.js';
import { resolveAtRandom, type RandomAnswers } from '../../testing/random-resolvers.js';
import { SHOP_SDL } from '../../testing/shop-graph.js';
import type { SubgraphOperation } from '../subgraph-transport.js';
import { CompiledOperation } from './compiled-operation.js';

const COUNT = Number(process.env['DIFFERENTIAL_COUNT'] ?? 800);
const SUBGRAPHS = new URL('../../../schema/subgraphs/', import.meta.url);

/** Interfaces of interfaces, lists of lists, non-null everywhere, introspection, a mutation of many fields. */
const KNOTTY = `
  type Query { node(id: ID = "a"): Node nodes: [Node!]! matrix: [[Int!]!] deep: Deep! any: Any anys(first: Int!): [Any] color: Color }
  type Mutation { one: Int two: Deep three: Int! four(id: ID): Node }
  interface Node { id: ID! self: Node }
  interface Named implements Node { id: ID! self: Node name: String! }
  type Deep implements Node { id: ID! self: Deep deeper: Deep! list: [Deep!] maybe: [Deep]! any: Any! color: Color! }
  type Person implements Named & Node { id: ID! self: Person name: String! friends: [Named!]! age: Int! ratio: Float ok: Boolean! }
  union Any = Deep | Person
  enum Color { RED GREEN }
`;

function schemas(): Map<string, GraphQLSchema> {
  const sdl = new Map<string, string>(Object.entries(SHOP_SDL));
  sdl.set('knotty', KNOTTY);
  for (const file of readdirSync(SUBGRAPHS)) sdl.set(file, readFileSync(new URL(file, SUBGRAPHS), 'utf8'));
  return new Map([...sdl].map(([name, text]) => [name, buildSubgraphSchema(parse(text))]));
}

function operationOf(text: string, seed: number): SubgraphOperation {
  const document = parse(text, { noLocation: seed % 2 === 0 });
  return { kind: text.startsWith('mutation') ? 'mutation' : 'query', text, document, operationName: undefined };
}

/** As data and errors; errors that race each other come in any order. */
function comparable({ data, errors }: ExecutionResult): string {
  const told = (errors ?? []).map((error) =>
    JSON.stringify({ ...error.toJSON(), original: error.originalError?.name }),
  );
  return JSON.stringify({ data, errors: told.sort() }, null, 1);
}

/** graphql-js leaves rejections unhandled when an item of a list throws while others are pending; vitest would fail. */
async function countingRejections(run: (count: () => number) => Promise<void>): Promise<void> {
  const listeners = process.listeners('unhandledRejection');
  let count = 0;
  const onRejection = (): void => void count++;
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', onRejection);
  try {
    await run(() => count);
  } finally {
    process.removeListener('unhandledRejection', onRejection);
    for (const listener of listeners) process.on('unhandledRejection', listener);
  }
}

interface Counts {
  failing: number;
  synchronous: number;
}

async function compare(
  schema: GraphQLSchema,
  operation: SubgraphOperation,
  seed: number,
  counts: Counts,
): Promise<void> {
  const variables = seed % 50 === 0 ? { yes: 'no' } : { yes: true, no: seed % 4 === 0 };
  const compiled = new CompiledOperation(schema, operation);
  const input = { variables, context: { seed }, rootValue: { root: seed } };
  const first = compiled.execute(input);
  if (!(first instanceof Promise)) counts.synchronous++;
  const ours = [comparable(await first), comparable(await compiled.execute(input))];
  const theirs = await execute({
    schema,
    document: operation.document,
    variableValues: variables,
    contextValue: input.context,
    rootValue: input.rootValue,
  });
  if (theirs.errors) counts.failing++;
  const expected = comparable(theirs);
  const shown = { seed, operation: operation.text };
  expect({ ...shown, answers: ours }).toEqual({ ...shown, answers: [expected, expected] });
}

describe('compiled operations beside graphql-js', () => {
  it('leave no rejection unhandled, where graphql-js does', async () => {
    const schema = buildSubgraphSchema(parse('type Query { list: [Item!] } type Item { id: ID! }'));
    const item = (id: unknown): object => ({ id });
    const list = [item(Promise.reject(new Error('late'))), item(null)];
    await countingRejections(async (count) => {
      const operation = operationOf('{ list { id } }', 1);
      const answer = await new CompiledOperation(schema, operation).execute({
        variables: {},
        context: {},
        rootValue: { list },
      });
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(answer.errors?.map(({ message }) => message)).toEqual([
        'Cannot return null for non-nullable field Item.id.',
      ]);
      expect(count()).toBe(0);
    });
  });

  it(`answer ${COUNT} random operations over every schema alike`, { timeout: 600_000 }, async () => {
    const answers: RandomAnswers = { seed: 1, faultChance: 0, promiseChance: 0 };
    const counts: Counts = { failing: 0, synchronous: 0 };
    const subjects = [...schemas().values()];
    for (const schema of subjects) resolveAtRandom(schema, answers);
    await countingRejections(async () => {
      for (let seed = 1; seed <= COUNT; seed++) {
        const schema = subjects[seed % subjects.length];
        if (!schema) throw new Error('no schema');
        const promiseChance = [0, 0.5, 0.2][(seed % 7) % 3] ?? 0;
        Object.assign(answers, { seed, promiseChance, faultChance: [0, 0.03, 0.15][seed % 3] });
        const text = new OperationWriter(schema, ['u1', 'r2'], randomNumbers(seed)).write();
        await compare(schema, operationOf(text, seed), seed, counts);
        // Rejections are counted in turns of the event loop.
        await new Promise(setImmediate);
      }
    });
    const { failing, synchronous } = counts;
    process.stdout.write(`differential: ${COUNT} operations, ${failing} with errors, ${synchronous} synchronous\n`);
    expect(failing).toBeGreaterThan(COUNT / 5);
    expect(synchronous).toBeGreaterThan(COUNT / 5);
  });
});
