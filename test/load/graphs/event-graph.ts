import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, type GraphQLSchema } from 'graphql';
import { composeSupergraph, InProcessTransport, type SubgraphTransport } from '../../../gateway/index.js';
import { PushedEvents } from './pushed-events.js';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])';

const SDL: Readonly<Record<string, string>> = {
  events: `${LINK} type Query { version: Int! }
    type Subscription { thingEvents(after: String): ThingEvent! }
    type ThingEvent { cursor: String! type: String! occurredAt: String! subject: Thing }
    type Thing @key(fields: "id") { id: ID! }`,
  things: `${LINK} type Query { things: Int! }
    type Thing @key(fields: "id") { id: ID! title: String state: String owner: Owner }
    type Owner @key(fields: "id") { id: ID! }`,
  owners: `${LINK} type Query { owners: Int! }
    type Owner @key(fields: "id") { id: ID! name: String spend: Int }`,
};

/** One event with a subject that is followed over two hops. */
export const EVENT_SUBSCRIPTION = `subscription Follow($after: String) { thingEvents(after: $after) {
  cursor type occurredAt subject { id title state owner { name spend } } } }`;

const thing = { title: () => 'A thing', state: () => 'ACTIVE', owner: ({ id }: { id: string }) => ({ id: `o${id}` }) };
const owner = { name: () => 'An owner', spend: () => 7 };

export interface EventGraph {
  readonly supergraphSdl: string;
  readonly transports: Map<string, SubgraphTransport>;
  /** The same as one schema, for graphql-js. */
  readonly whole: GraphQLSchema;
  readonly events: PushedEvents;
}

/** A stream of things over three subgraphs in process, and as one schema; nothing in it waits for anything. */
export function eventGraph(): EventGraph {
  const events = new PushedEvents();
  const subscription = { thingEvents: { subscribe: () => events.subscribe() } };
  const stub = { __resolveReference: (reference: object) => reference };
  const resolvers: Readonly<Record<string, object>> = {
    events: { Subscription: subscription },
    things: { Thing: { ...stub, ...thing } },
    owners: { Owner: { ...stub, ...owner } },
  };
  const schemas = Object.entries(SDL).map(([name, sdl]): [string, GraphQLSchema] => [
    name,
    buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: { ...resolvers[name] } as never }]),
  ]);
  const { sdl } = composeSupergraph(Object.entries(SDL).map(([name, text]) => ({ name, sdl: text, url: '' })));
  const whole = buildSubgraphSchema([
    {
      typeDefs: parse(`type Query { version: Int! } type Subscription { thingEvents(after: String): ThingEvent! }
        type ThingEvent { cursor: String! type: String! occurredAt: String! subject: Thing }
        type Thing { id: ID! title: String state: String owner: Owner } type Owner { id: ID! name: String spend: Int }`),
      resolvers: { Subscription: subscription, Thing: thing, Owner: owner } as never,
    },
  ]);
  return {
    supergraphSdl: sdl,
    transports: new Map(schemas.map(([name, schema]) => [name, new InProcessTransport(schema)])),
    whole,
    events,
  };
}
