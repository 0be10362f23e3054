import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, buildASTSchema, parse } from 'graphql';
import { composeSupergraph, InProcessTransport, type SubgraphTransport } from '../../../gateway/index.js';

type Row = Readonly<Record<string, unknown>>;
type Resolver = (source: Row, args: Row) => unknown;
type Resolvers = Readonly<Record<string, Readonly<Record<string, Resolver>>>>;

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])`;

const SUBGRAPHS: Readonly<Record<string, string>> = {
  allocations: `${LINK}
    type Query { allocations(first: Int! = 20): [Allocation!]! }
    type Allocation @key(fields: "id") { id: ID! state: String! gpuCount: Int! project: Project }
    type Project @key(fields: "id", resolvable: false) { id: ID! }`,
  iam: `${LINK}
    type Query { project(id: ID!): Project }
    type Project @key(fields: "id") { id: ID! name: String! organization: Organization }
    type Organization @key(fields: "id") { id: ID! name: String! }`,
  billing: `${LINK}
    type Query { currency: String }
    type Allocation @key(fields: "id") { id: ID! price: Money }
    type Project @key(fields: "id") { id: ID! spend: Money }
    type Money { amount: String! currency: String! }`,
};

/** The same graph as one schema that knows nothing of federation. */
const WHOLE = `
  type Query { allocations(first: Int! = 20): [Allocation!]! project(id: ID!): Project currency: String }
  type Allocation { id: ID! state: String! gpuCount: Int! project: Project price: Money }
  type Project { id: ID! name: String! organization: Organization spend: Money }
  type Organization { id: ID! name: String! }
  type Money { amount: String! currency: String! }`;

/** Three subgraphs answer it: the list, then projects from two of them and prices from one. */
export const FLEET_QUERY = `query Fleet($first: Int!) {
  allocations(first: $first) {
    id state gpuCount
    price { amount currency }
    project { id name organization { name } spend { amount currency } }
  }
}`;

const projects: readonly Row[] = Array.from({ length: 10 }, (_, index) => ({
  id: `prj_${index}`,
  name: `Project ${index}`,
  organization: { id: 'org_0', name: 'Organization' },
}));
const allocations: readonly Row[] = Array.from({ length: 100 }, (_, index) => ({
  id: `alc_${index}`,
  state: 'ACTIVE',
  gpuCount: 1 + (index % 8),
  projectId: `prj_${index % projects.length}`,
}));
const projectById = new Map(projects.map((project) => [project['id'], project]));
const allocationById = new Map(allocations.map((allocation) => [allocation['id'], allocation]));
const money = (amount: string): Row => ({ amount, currency: 'USD' });

const list: Resolver = (_source, { first }) => allocations.slice(0, first as number);
const price: Resolver = ({ id }) => money(`${String(id).length}.50`);
const spend: Resolver = ({ id }) => money(`${String(id).length}00.00`);

const resolversOf: Readonly<Record<string, Resolvers>> = {
  allocations: {
    Query: { allocations: list },
    Allocation: {
      __resolveReference: ({ id }) => allocationById.get(id) ?? null,
      project: ({ projectId }) => ({ id: projectId }),
    },
  },
  iam: { Project: { __resolveReference: ({ id }) => projectById.get(id) ?? null } },
  billing: {
    Allocation: { __resolveReference: (reference) => reference, price },
    Project: { __resolveReference: (reference) => reference, spend },
  },
};

const wholeResolvers: Resolvers = {
  Query: { allocations: list },
  Allocation: { project: ({ projectId }) => projectById.get(projectId) ?? null, price },
  Project: { spend },
};

export interface FleetGraph {
  readonly supergraphSdl: string;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  readonly whole: GraphQLSchema;
}

/** One small graph twice, over the same rows in memory: as three subgraphs, and whole. Only engines differ. */
export function fleetGraph(): FleetGraph {
  const definitions = Object.entries(SUBGRAPHS).map(([name, sdl]) => ({ name, sdl, url: '' }));
  const transports = Object.entries(SUBGRAPHS).map(([name, sdl]): [string, SubgraphTransport] => {
    const resolvers = resolversOf[name] as never;
    const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers }]);
    return [name, new InProcessTransport(schema)];
  });
  return { supergraphSdl: composeSupergraph(definitions).sdl, transports: new Map(transports), whole: wholeSchema() };
}

function wholeSchema(): GraphQLSchema {
  const schema = buildASTSchema(parse(WHOLE));
  for (const [typeName, fields] of Object.entries(wholeResolvers)) {
    const type = schema.getType(typeName);
    if (type === undefined || !('getFields' in type)) throw new Error(`there is no type ${typeName}`);
    for (const [fieldName, resolve] of Object.entries(fields)) {
      const field = type.getFields()[fieldName];
      if (field === undefined || !('args' in field)) throw new Error(`there is no field ${typeName}.${fieldName}`);
      field.resolve = resolve;
    }
  }
  return schema;
}
