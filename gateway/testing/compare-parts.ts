import type { DocumentNode, ExecutionResult, GraphQLError } from 'graphql';
import type { Path } from '../engine/json.js';
import { mergedParts, type AnsweredPart } from './answered-parts.js';
import { isSelected, tellsOnlyOfNull } from './compare-answers.js';

/**
 * Compares an answer in parts with the answer to the same operation as a whole; says where they differ. Values must be
 * equal, but other fetches may meet other faults, and a null that bubbles ends at its part: where a part has null for
 * what the whole has a value or an error for, this part or an earlier one must say why, and likewise the other way round.
 */
export function compareParts(
  document: DocumentNode,
  whole: ExecutionResult,
  parts: readonly AnsweredPart[],
): readonly string[] {
  const comparison: PartComparison = { whole, parts, reported: [], differences: [] };
  for (const part of parts) {
    comparison.reported.push(...part.errors);
    compareAt(part, comparison);
  }
  findMissing(whole.data, mergedParts(parts).data, [], comparison);
  compareErrors(document, comparison);
  return comparison.differences;
}

interface PartComparison {
  readonly whole: ExecutionResult;
  readonly parts: readonly AnsweredPart[];
  /** Of the parts compared so far. */
  readonly reported: GraphQLError[];
  readonly differences: string[];
}

/** A place of the answer, with the objects that hold its values if it is a field. */
interface Place {
  readonly path: Path;
  readonly whole?: Record<string, unknown>;
  readonly part?: Record<string, unknown>;
}

/** Compares with what the whole has at the place of a part. */
function compareAt({ data, path }: AnsweredPart, comparison: PartComparison): void {
  let value: unknown = comparison.whole.data;
  for (const [index, step] of path.entries()) {
    if (value === null) return compareValues(null, data, { path: path.slice(0, index) }, comparison);
    value = (value as Record<string | number, unknown>)[step];
  }
  compareValues(value, data, { path }, comparison);
}

function compareValues(whole: unknown, part: unknown, place: Place, comparison: PartComparison): void {
  const { differences } = comparison;
  const { path } = place;
  if (whole === null || part === null) {
    compareNulls(whole, part, place, comparison);
  } else if (Array.isArray(whole) && Array.isArray(part)) {
    if (whole.length !== part.length) differences.push(`another length at ${path.join('.')}`);
    part.forEach((item, index) => compareValues(whole[index], item, { path: [...path, index] }, comparison));
  } else if (isRecord(whole) && isRecord(part)) {
    for (const [name, value] of Object.entries(part))
      compareValues(whole[name], value, { path: [...path, name], whole, part }, comparison);
  } else if (whole !== part) {
    differences.push(`${JSON.stringify(part)} instead of ${JSON.stringify(whole)} at ${path.join('.')}`);
  }
}

function compareNulls(
  whole: unknown,
  part: unknown,
  { path, ...holders }: Place,
  { whole: { errors = [] }, reported, differences }: PartComparison,
): void {
  const isSame = whole === part && !errors.some((error) => error.path && isOf(error, path));
  if (isSame) return;
  if (part === null && !explain(reported, path, holders.part))
    differences.push(`null for no reason at ${path.join('.')} of a part`);
  if (part !== null && !explain(errors, path, holders.whole))
    differences.push(`null for no reason at ${path.join('.')} of the whole`);
}

/** Finds what no part has, and why: it belongs to a part that is null. */
function findMissing(whole: unknown, merged: unknown, path: Path, comparison: PartComparison): void {
  if (!isRecord(whole) || !isRecord(merged)) return;
  const isOfNull = comparison.parts.some((part) => part.data === null && isAtOrAbove(part.path, path));
  for (const [name, value] of Object.entries(whole)) {
    const at = [...path, Array.isArray(whole) ? Number(name) : name];
    if (name in merged) findMissing(value, merged[name], at, comparison);
    else if (!isOfNull) comparison.differences.push(`no part has ${at.join('.')}`);
  }
}

/**
 * Errors of parts are the whole's, too, with two exceptions: parts ask for keys that the whole does not need; and what
 * else fails in an object that is null already, a subgraph may tell or not, by the order in which it is asked.
 */
function compareErrors(document: DocumentNode, { whole, reported, differences }: PartComparison): void {
  const known = new Set((whole.errors ?? []).map(({ message }) => message));
  for (const { message, path = [] } of reported) {
    const shape = path.filter((step) => typeof step === 'string').join('.');
    if (known.has(message) || tellsOnlyOfNull(message) || !isSelected(document, shape)) continue;
    if (!isBelowNull(whole.data, path)) differences.push(`only in parts: ${message} at ${path.join('.')}`);
  }
}

function isBelowNull(data: unknown, path: Path): boolean {
  let value = data;
  for (const step of path) {
    if (!isRecord(value)) return value === null;
    value = value[step];
  }
  return false;
}

/**
 * Whether an error says why there is null at this place: one of this place, or one of a field beside it that is null, too,
 * or not asked for of this type: a subgraph may answer null for all of an entity.
 */
function explain(errors: readonly GraphQLError[], path: Path, holder: Record<string, unknown> | undefined): boolean {
  return errors.some((error) => {
    if (isOf(error, path)) return true;
    const beside = error.path?.[path.length - 1];
    return holder && isAtOrAbove(path.slice(0, -1), error.path ?? []) && (holder[String(beside)] ?? null) === null;
  });
}

/** Whether an error is one of this place or below, or of none in particular. */
function isOf(error: GraphQLError, path: Path): boolean {
  return !error.path || isAtOrAbove(path, error.path);
}

function isAtOrAbove(path: Path, other: Path): boolean {
  return path.every((step, index) => other[index] === step);
}

/** An object or a list. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
