import type { GraphQLField, GraphQLSchema } from 'graphql';
import { operationText } from './operation-text.js';
import {
  type Examples,
  type IdentifierPosition,
  exampleArguments,
  identifierPositions,
  putAt,
} from './identifier-positions.js';

/** Optional identifiers beside the foreign one that are tried in all combinations. */
const OPTIONAL_MAX = 4;

/** Identifiers by TypeID prefix. */
export type Identifiers = ReadonlyMap<string, readonly string[]>;

/** One call by somebody of one organization with an identifier of another organization in it. */
export interface ForeignCall {
  readonly field: string;
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly position: string;
  readonly foreignId: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface ForeignCallsOptions {
  readonly schema: GraphQLSchema;
  readonly prefixOfType: ReadonlyMap<string, string>;
  /** Of the organization that must not be reached. */
  readonly theirs: Identifiers;
  /** Of the caller's own organization, for the places beside the foreign one. */
  readonly ours: Identifiers;
  readonly examples: Examples;
}

/**
 * The table over the whole API: for each root field that takes an identifier, for each place where one goes, calls with
 * a foreign one there: alone, beside the caller's own, and beside other foreign ones.
 */
export function foreignCalls(options: ForeignCallsOptions): ForeignCall[] {
  const { schema } = options;
  const roots = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ] as const;
  return roots.flatMap(([kind, type]) =>
    Object.values(type?.getFields() ?? {}).flatMap((field) => callsOf(kind, field, options)),
  );
}

function callsOf(
  kind: ForeignCall['kind'],
  field: GraphQLField<unknown, unknown>,
  options: ForeignCallsOptions,
): ForeignCall[] {
  const positions = identifierPositions(field, options.prefixOfType);
  const query = operationText(options.schema, kind, field);
  return positions.flatMap((position) =>
    candidates(position, options.theirs).flatMap((foreignId) =>
      variablesWith({ field, position, foreignId, positions }, options).map((variables) => ({
        field: field.name,
        kind,
        position: position.path.join('.'),
        foreignId,
        query,
        variables,
      })),
    ),
  );
}

/** One of each type that fits; where nothing tells the type, one of every type. */
function candidates({ prefixes }: IdentifierPosition, known: Identifiers): string[] {
  const fitting = prefixes === null ? [...known.keys()] : prefixes;
  return fitting.flatMap((prefix) => known.get(prefix)?.slice(0, 1) ?? []);
}

function variablesWith(
  place: {
    field: GraphQLField<unknown, unknown>;
    position: IdentifierPosition;
    foreignId: string;
    positions: readonly IdentifierPosition[];
  },
  { ours, theirs, examples }: ForeignCallsOptions,
): Record<string, unknown>[] {
  const { field, position, foreignId, positions } = place;
  const others = positions.filter((other) => other !== position);
  const build = (besides: readonly IdentifierPosition[], known: Identifiers): Record<string, unknown> => {
    const variables = exampleArguments(field, examples);
    for (const other of besides) {
      const [id] = candidates(other, known);
      // Where we have none of that type, the foreign one would be alone at fault anyway.
      if (id !== undefined || other.isRequired) putAt(variables, other.path, listed(other, id ?? foreignId));
    }
    putAt(variables, position.path, listed(position, foreignId));
    return variables;
  };
  const required = others.filter(({ isRequired }) => isRequired);
  const optional = others.filter(({ isRequired }) => !isRequired);
  const sets = [build(others, theirs), ...subsets(optional).map((some) => build([...required, ...some], ours))];
  return [...new Map(sets.map((variables) => [JSON.stringify(variables), variables])).values()];
}

/** All ways to leave some out: arguments may exclude each other. */
function subsets<Item>(items: readonly Item[]): Item[][] {
  const [first, ...rest] = items.slice(0, OPTIONAL_MAX);
  if (first === undefined) return [[]];
  const without = subsets(rest);
  return [...without, ...without.map((some) => [first, ...some])];
}

function listed({ isList }: IdentifierPosition, id: string): string | string[] {
  return isList ? [id] : id;
}
