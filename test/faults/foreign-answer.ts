import type { GraphqlAnswer } from '../harness/graphql-request.js';
import type { ForeignCall } from './foreign-calls.js';

/**
 * What a call with somebody else's identifier came to.
 * - `denied`: a code that denies, null or nothing where it is
 * - `unproven`: refused for another reason before access was decided
 * - anything else is a hole: it was accepted, told something, or failed inside
 */
export type Verdict = 'denied' | 'unproven' | 'accepted' | `leaked ${string}` | `refused ${string}`;

const DENIES = new Set<unknown>(['NOT_FOUND', 'FORBIDDEN', 'UNAUTHENTICATED']);
const INVALID = new Set<unknown>(['BAD_USER_INPUT', 'INVALID_INPUT', 'NOT_REGISTERED', 'SECRET_REFUSED']);

export function verdictOf(call: ForeignCall, answer: GraphqlAnswer, foreign: ReadonlySet<string>): Verdict {
  const leaked = identifiersIn(answer.data).find((id) => foreign.has(id) && !isSent(call, id));
  if (leaked !== undefined) return `leaked ${leaked}`;
  const value = answer.data?.[call.field];
  const refusals = userErrorsOf(value);
  const codes = refusals.length > 0 ? refusals : answer.errors.map(({ extensions }) => extensions['code']);
  if (codes.length > 0 && (refusals.length > 0 || isNothing(value))) {
    if (codes.every((code) => DENIES.has(code))) return 'denied';
    return codes.every((code) => INVALID.has(code) || DENIES.has(code)) ? 'unproven' : `refused ${codes.join(',')}`;
  }
  return isNothing(value) ? 'denied' : 'accepted';
}

function userErrorsOf(value: unknown): unknown[] {
  const { userErrors } = (value ?? {}) as { userErrors?: { code: unknown }[] };
  return userErrors?.map(({ code }) => code) ?? [];
}

/** Null, an empty list, an empty page. */
function isNothing(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (Array.isArray(value)) return value.every((item) => isNothing(item));
  const { nodes, changes } = value as { nodes?: unknown[]; changes?: unknown[] };
  return (nodes ?? changes)?.length === 0;
}

function isSent({ variables }: ForeignCall, id: string): boolean {
  return JSON.stringify(variables).includes(`"${id}"`);
}

function identifiersIn(value: unknown): string[] {
  return JSON.stringify(value ?? null).match(/\b[a-z]{3,4}_[0-9a-z]{26}\b/g) ?? [];
}
