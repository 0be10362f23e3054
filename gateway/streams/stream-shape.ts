import { Kind, type ExecutionResult, type FieldNode, type SelectionNode } from 'graphql';
import { type FragmentMap, fragmentsOf } from '../document-fragments.js';
import type { GatewayOperation } from '../engine/engine.js';

/** How the streams of a graph are resumed: what its subscriptions name alike. */
export interface StreamConvention {
  /** The field of an event that tells its position. */
  readonly cursorField: string;
  /** The argument of a subscription that takes the position to continue after. */
  readonly afterArgument: string;
  /**
   * A value of that argument that asks for the present, and for a first event that only tells where that is. Without it
   * a stream has no position before its first event.
   */
  readonly now?: string;
}

export const STREAM_CONVENTION: StreamConvention = { cursorField: 'cursor', afterArgument: 'after' };

/** Where one subscription's position stands: in its results, and in its variables. */
export interface StreamShape {
  /** The variable that gives the position to continue after; absent when it is given otherwise, or not taken. */
  readonly afterVariable?: string;
  /** What asks for the present and for its position; present only when both can be told. */
  readonly now?: string;
  /** The position of a result; undefined when the client did not ask for it. */
  cursorOf(result: ExecutionResult): string | undefined;
  /** The same result at another position. */
  at(result: ExecutionResult, cursor: string): ExecutionResult;
}

/** Reads the shape of a subscription, which has one root field (GraphQL specification, 5.2.4.1). */
export function streamShape({ document, definition }: GatewayOperation, convention: StreamConvention): StreamShape {
  const fragments = fragmentsOf(document);
  const root = findField(definition.selectionSet.selections, fragments, () => true);
  const cursor =
    root && findField(root.selectionSet?.selections ?? [], fragments, (name) => name === convention.cursorField);
  const rootKey = root && keyOf(root);
  const cursorKey = cursor && keyOf(cursor);
  const after = root?.arguments?.find(({ name }) => name.value === convention.afterArgument)?.value;
  const afterVariable = after?.kind === Kind.VARIABLE ? after.name.value : undefined;
  const isResumable = afterVariable !== undefined && cursorKey !== undefined;
  return {
    ...(afterVariable === undefined ? {} : { afterVariable }),
    ...(isResumable && convention.now !== undefined ? { now: convention.now } : {}),
    cursorOf: ({ data }) => {
      if (rootKey === undefined || cursorKey === undefined) return undefined;
      const event = data?.[rootKey];
      const value = isObject(event) ? event[cursorKey] : undefined;
      return typeof value === 'string' ? value : undefined;
    },
    at: (result, position) => {
      const event = rootKey === undefined ? undefined : result.data?.[rootKey];
      if (rootKey === undefined || cursorKey === undefined || !isObject(event)) return result;
      return { ...result, data: { ...result.data, [rootKey]: { ...event, [cursorKey]: position } } };
    },
  };
}

function findField(
  selections: readonly SelectionNode[],
  fragments: FragmentMap,
  isWanted: (name: string) => boolean,
): FieldNode | undefined {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      if (isWanted(selection.name.value)) return selection;
      continue;
    }
    // Valid documents have no cycles of fragments.
    const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
    const found = inner && findField(inner.selectionSet.selections, fragments, isWanted);
    if (found) return found;
  }
  return undefined;
}

function keyOf({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
