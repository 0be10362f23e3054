import type { ExecutionResult, GraphQLError } from 'graphql';
import type { IncrementalResult } from '../engine/engine.js';
import type { Path } from '../engine/json.js';

/** One part of an answer, the first one included: that belongs to the root. */
export interface AnsweredPart {
  readonly data: unknown;
  readonly path: Path;
  readonly errors: readonly GraphQLError[];
}

/** All parts of an answer, in the order in which a client gets them. */
export async function answeredParts({ initial, subsequent }: IncrementalResult): Promise<AnsweredPart[]> {
  const parts: AnsweredPart[] = [{ data: initial.data, path: [], errors: initial.errors ?? [] }];
  let hasNext: boolean = initial.hasNext;
  for await (const result of subsequent) {
    if (!hasNext) throw new Error('a part came after the last');
    hasNext = result.hasNext;
    for (const { data, path, errors = [] } of result.incremental ?? []) parts.push({ data, path, errors });
  }
  if (hasNext) throw new Error('the last part did not say so');
  return parts;
}

/** The answer that a client has when all parts have come (incremental delivery proposal of 2022-08-24). */
export function mergedParts([initial, ...others]: readonly AnsweredPart[]): ExecutionResult {
  const data = structuredClone(initial?.data) as Record<string, unknown> | null;
  const errors: GraphQLError[] = [...(initial?.errors ?? [])];
  for (const part of others) {
    errors.push(...part.errors);
    merge(objectAt(data, part.path), structuredClone(part.data) as Record<string, unknown> | null);
  }
  return errors.length === 0 ? { data } : { data, errors };
}

function objectAt(data: unknown, path: readonly (string | number)[]): Record<string, unknown> {
  let value = data as Record<string | number, unknown>;
  for (const key of path) value = value[key] as Record<string | number, unknown>;
  if (typeof value !== 'object' || value === null) throw new Error(`a part belongs to nothing: ${path.join('.')}`);
  return value;
}

function merge(target: Record<string, unknown>, patch: Record<string, unknown> | null): void {
  for (const [name, value] of Object.entries(patch ?? {})) {
    const known = target[name];
    if (isMergeable(known) && isMergeable(value)) merge(known, value);
    else target[name] = value;
  }
}

function isMergeable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
