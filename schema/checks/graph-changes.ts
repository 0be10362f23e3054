import { type Change, CriticalityLevel, diff } from '@graphql-inspector/core';
import { type GraphQLSchema, buildASTSchema, parse } from 'graphql';
import { Removal } from './removal.js';

/** A change of a graph, or of an event, that can break who uses it. */
export interface SchemaChange {
  readonly message: string;
  /** Schema coordinate; arguments as `Type.field.argument`. */
  readonly coordinate: string;
  readonly level: 'breaking' | 'dangerous';
  /** Why a breaking change is not allowed; null when its element was deprecated, and its day has come. */
  readonly refused: string | null;
}

/** Reads SDL of any graph, with directives that it does not define: composition and emission have validated it. */
export const graphOf = (sdl: string): GraphQLSchema =>
  buildASTSchema(parse(sdl), { assumeValid: true, assumeValidSDL: true });

/** Breaking and dangerous changes between two versions of a graph, by GraphQL Inspector. `today` is an ISO 8601 date. */
export async function graphChanges(
  before: GraphQLSchema,
  after: GraphQLSchema,
  today: string,
): Promise<SchemaChange[]> {
  const removal = new Removal(before, after, today);
  const changes = await diff(before, after);
  return changes.flatMap((change): SchemaChange[] => {
    const { level } = change.criticality;
    // What directives say to clients is in the elements; what federation's say is looked at on its own.
    if (level === CriticalityLevel.NonBreaking || String(change.type).startsWith('DIRECTIVE')) return [];
    const isBreaking = level === CriticalityLevel.Breaking;
    const coordinate = change.path ?? '';
    return [
      {
        message: change.message.replaceAll("'", '`'),
        coordinate,
        level: isBreaking ? 'breaking' : 'dangerous',
        refused: isBreaking ? removal.refused(memberRemovedBy(change) ?? coordinate) : null,
      },
    ];
  });
}

/** The type that left a union: it may leave when it may go. */
function memberRemovedBy({ type, meta }: Change): string | undefined {
  if (type !== 'UNION_MEMBER_REMOVED') return undefined;
  const { removedUnionMemberTypeName } = meta as { readonly removedUnionMemberTypeName?: string };
  return removedUnionMemberTypeName;
}
