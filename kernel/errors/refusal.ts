import type { RefusalCode } from './error-codes.js';

/** A foreseen refusal: what is wrong, where in the input, and what would help. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
  /** Path in the input, such as `['input', 'name']`; absent when no field is at fault. */
  readonly field?: readonly string[];
  /** Machine-readable remedy or measurement: limits, what is left, the scope that limits. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface Refused {
  readonly ok: false;
  readonly refusals: readonly Refusal[];
}

export interface Accepted<Value> {
  readonly ok: true;
  readonly value: Value;
  /** A secret that is shown once and never stored: a replay of the command does not have it. */
  readonly reveal?: string;
}

/** What a use case answers: the value, or why not. Refusals are values; only bugs and broken infrastructure throw. */
export type Outcome<Value> = Accepted<Value> | Refused;

export function accept<Value>(value: Value, options: { reveal?: string } = {}): Accepted<Value> {
  return options.reveal === undefined ? { ok: true, value } : { ok: true, value, reveal: options.reveal };
}

export function refuse(
  code: RefusalCode,
  message: string,
  options: { field?: readonly string[]; details?: Readonly<Record<string, unknown>> } = {},
): Refused {
  return { ok: false, refusals: [{ code, message, ...options }] };
}

export function refuseAll(refusals: readonly Refusal[]): Refused {
  if (refusals.length === 0) throw new Error('a refusal needs at least one reason');
  return { ok: false, refusals };
}
