import { Supergraph } from '@apollo/federation-internals';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, parse, printSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { composeSupergraph } from '../supergraph.js';
import { startTestGateway } from '../testing/test-gateway.js';
import { InProcessTransport } from '../transports/in-process-transport.js';
import { contractSupergraph } from './contract-supergraph.js';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@tag", "@external", "@requires"])';
const FLEET = `${LINK}
  type Query { machines: [Machine!]! @tag(name: "public") racks(where: RackFilter): [Rack!] @tag(name: "operator") secrets: Secret @tag(name: "internal") }
  interface Place @tag(name: "public") { id: ID! }
  type Machine implements Place @key(fields: "id") @tag(name: "public") { id: ID! name: String! serial: String! @tag(name: "operator") found: Found state: State! untold: Int @tag(name: "internal") }
  type Rack implements Place @key(fields: "id") @tag(name: "operator") { id: ID! }
  union Found @tag(name: "public") = Machine | Rack
  enum State { ON OFF @tag(name: "operator") }
  input RackFilter { level: Level }
  enum Level { LOW HIGH }
  type Secret @tag(name: "internal") { id: ID! }
  type Untagged { id: ID! }
  extend type Query { untagged: Untagged }`;
const PRICES = `${LINK}
  type Machine @key(fields: "id") { id: ID! serial: String! @external label: String! @requires(fields: "serial") }`;

const supergraph = composeSupergraph([
  { name: 'fleet', sdl: FLEET },
  { name: 'prices', sdl: PRICES },
]).sdl;

const shown = (contract: 'public' | 'operator' | 'internal'): GraphQLSchema =>
  Supergraph.build(contractSupergraph(supergraph, contract)).apiSchema().toGraphQLJSSchema();

const fieldsOf = (schema: GraphQLSchema, type: string): string[] => {
  const found = schema.getType(type);
  return found && 'getFields' in found ? Object.keys(found.getFields()) : [];
};

describe('a contract supergraph', () => {
  it('shows the public what is for it, and nothing of operators or without a tag', () => {
    const schema = shown('public');
    expect(fieldsOf(schema, 'Query')).toEqual(['machines']);
    expect(fieldsOf(schema, 'Machine')).toEqual(['id', 'name', 'found', 'state', 'label']);
    expect(printSchema(schema)).not.toMatch(/Rack|Secret|OFF|Untagged/);
  });

  it('removes types that nothing visible leads to', () => {
    expect(shown('public').getType('Level')).toBeUndefined();
    expect(shown('operator').getType('Level')).toBeDefined();
  });

  it('shows operators what is public and theirs, and hides what is internal', () => {
    const schema = shown('operator');
    expect(fieldsOf(schema, 'Query')).toEqual(['machines', 'racks']);
    expect(fieldsOf(schema, 'Machine')).toContain('serial');
    expect(printSchema(schema)).not.toMatch(/untold|Secret/);
  });

  it('leaves the whole graph as it is', () => {
    expect(contractSupergraph(supergraph, 'internal')).toBe(supergraph);
  });

  it('is served: hidden fields are unknown to clients, and still fetched where another field requires them', async () => {
    const fleet = { Query: { machines: () => [{ id: '1', name: 'one', serial: 'S-1', state: 'ON' }] } };
    const prices = { Machine: { label: ({ serial }: { serial: string }) => `label of ${serial}` } };
    const test = await startTestGateway({
      supergraph: { sdl: supergraph },
      contract: 'public',
      transports: new Map([
        ['fleet', new InProcessTransport(subgraph(FLEET, fleet))],
        ['prices', new InProcessTransport(subgraph(PRICES, prices))],
      ]),
    });
    try {
      expect(await ask(test.url, '{ machines { name label } }')).toEqual({
        data: { machines: [{ name: 'one', label: 'label of S-1' }] },
      });
      expect(await ask(test.url, '{ machines { serial } }')).toMatchObject({
        errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
      });
      expect(await ask(test.url, '{ __type(name: "Rack") { name } }')).toEqual({ data: { __type: null } });
    } finally {
      await test.stop();
    }
  });
});

function subgraph(sdl: string, resolvers: Record<string, Record<string, unknown>>): GraphQLSchema {
  const reference = { __resolveReference: (value: object) => value };
  return buildSubgraphSchema([
    { typeDefs: parse(sdl), resolvers: { ...resolvers, Machine: { ...resolvers['Machine'], ...reference } } as never },
  ]);
}

async function ask(url: string, query: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return response.json();
}
