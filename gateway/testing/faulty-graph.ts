import {
  defaultFieldResolver,
  GraphQLError,
  isObjectType,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { InProcessTransport } from '../transports/in-process-transport.js';
import type { SubgraphTransport } from '../transports/subgraph-transport.js';
import { interceptTransport } from './intercept-transport.js';
import { randomNumbers } from './random-operation.js';
import { schemasOf, type TestGraph } from './test-graph.js';

/** What goes wrong in one round: decided by place, so that all engines meet the same. */
export interface InjectedFaults {
  seed: number;
  /** That a field of an object fails, or is null. */
  fieldChance: number;
  /** Whether a field that several subgraphs have fails in all of them or in none. */
  isAlikeEverywhere: boolean;
  /** That an entity is not known. */
  entityChance: number;
  /** That a subgraph is down. */
  fetchChance: number;
}

export function noFaults(): InjectedFaults {
  return { seed: 1, fieldChance: 0, isAlikeEverywhere: false, entityChance: 0, fetchChance: 0 };
}

function chanceAt(faults: InjectedFaults, place: string): number {
  let hash = faults.seed;
  for (const character of place) hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619);
  return randomNumbers(hash)();
}

/** The schemas of a graph whose fields fail, and whose entities are unknown, as `faults` says at the time. */
export function faultySchemas(graph: TestGraph, faults: InjectedFaults): ReadonlyMap<string, GraphQLSchema> {
  const schemas = new Map(schemasOf(graph));
  for (const [service, schema] of schemas) injectFaults(schema, service, faults);
  return schemas;
}

/** The transports of a graph whose subgraphs fail as `faults` says at the time. */
export function faultyTransports(graph: TestGraph, faults: InjectedFaults): Map<string, SubgraphTransport> {
  return new Map(
    [...faultySchemas(graph, faults)].map(([service, schema]) => {
      const transport = interceptTransport(new InProcessTransport(schema), async (next) => {
        if (chanceAt(faults, `fetch ${service}`) < faults.fetchChance)
          throw new PlatformError('UNAVAILABLE', `no answer from ${service}`);
        // As over HTTP: the stock executor wants objects with a prototype.
        return JSON.parse(JSON.stringify(await next())) as object;
      });
      return [service, transport];
    }),
  );
}

function injectFaults(schema: GraphQLSchema, service: string, faults: InjectedFaults): void {
  for (const type of Object.values(schema.getTypeMap())) {
    const isOfData = !type.name.startsWith('_') && type !== schema.getSubscriptionType();
    if (isOfData && isObjectType(type)) injectIntoFields(type, service, faults);
  }
}

function injectIntoFields(type: GraphQLObjectType, service: string, faults: InjectedFaults): void {
  for (const field of Object.values(type.getFields())) {
    if (field.name === '_service') continue;
    const resolve = field.resolve ?? defaultFieldResolver;
    field.resolve =
      field.name === '_entities'
        ? entitiesWithFaults(resolve, service, faults)
        : (source: unknown, ...rest) => {
            const owner = faults.isAlikeEverywhere ? '' : `${service}/`;
            const place = `${owner}${type.name}.${field.name}(${placeOf(source)})`;
            const chance = chanceAt(faults, place);
            if (chance < faults.fieldChance / 2)
              throw new GraphQLError(`fault at ${place}`, { extensions: { code: 'CONFLICT' } });
            return chance < faults.fieldChance ? null : resolve(source, ...rest);
          };
  }
}

function entitiesWithFaults(
  resolve: GraphQLFieldResolver<unknown, unknown>,
  service: string,
  faults: InjectedFaults,
): GraphQLFieldResolver<unknown, unknown> {
  return (source, args, ...rest) => {
    const entities = resolve(source, args, ...rest) as unknown[];
    const { representations } = args as { representations: unknown[] };
    return entities.map((entity, index) => {
      const place = `${service}/entity(${JSON.stringify(representations[index])})`;
      return chanceAt(faults, place) < faults.entityChance ? null : entity;
    });
  };
}

/** Tells objects of a type apart, whichever way they were reached. */
function placeOf(source: unknown): string {
  if (typeof source !== 'object' || source === null) return 'root';
  const { id, __typename: _, ...others } = source as Record<string, unknown>;
  return JSON.stringify(id ?? Object.values(others).filter((value) => typeof value !== 'object'));
}
