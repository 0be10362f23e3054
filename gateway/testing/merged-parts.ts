import type { ExecutionResult, GraphQLError } from 'graphql';
import type { IncrementalResult } from '../engine/engine.js';

/** The answer that a client has when all parts have come (incremental delivery proposal of 2022-08-24). */
export async function mergedParts({ initial, subsequent }: IncrementalResult): Promise<ExecutionResult> {
  const data = structuredClone(initial.data) as Record<string, unknown> | null;
  const errors: GraphQLError[] = [...(initial.errors ?? [])];
  let hasNext: boolean = initial.hasNext;
  for await (const part of subsequent) {
    if (!hasNext) throw new Error('a part came after the last');
    hasNext = part.hasNext;
    for (const { data: patch, path, errors: ofPart } of part.incremental ?? []) {
      errors.push(...(ofPart ?? []));
      merge(objectAt(data, path), structuredClone(patch) as Record<string, unknown> | null);
    }
  }
  if (hasNext) throw new Error('the last part did not say so');
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
