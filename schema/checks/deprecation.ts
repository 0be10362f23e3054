/** What the reason of a deprecation says: what to use instead, and the first day on which the element may go. */
export interface Deprecation {
  /** Schema coordinates, such as `Project.spend`. Empty when the reason says that there is no replacement. */
  readonly replacements: readonly string[];
  /** ISO 8601 date. */
  readonly goesOn: string;
}

const FORM = 'a reason reads: Use `Type.field`. Goes on 2031-01-01. (or: No replacement: why. Goes on …)';
const DATE = /\bGoes on (\d{4}-\d{2}-\d{2})\b/;
const REPLACEMENT = /\bUse ((?:`[^`]+`(?:, | and | or )?)+)/;
const MONTHS_AHEAD_MIN = 6;

/** Reads the reason of a deprecation, or answers what is missing in it. */
export function parseDeprecation(reason: string): Deprecation | string {
  const goesOn = DATE.exec(reason)?.[1];
  if (goesOn === undefined || Number.isNaN(Date.parse(goesOn))) return `no date on which it goes; ${FORM}`;
  const named = REPLACEMENT.exec(reason)?.[1];
  if (named === undefined && !/\bNo replacement: \S/.test(reason)) return `no replacement; ${FORM}`;
  return { replacements: [...(named ?? '').matchAll(/`([^`]+)`/g)].map(([, coordinate = '']) => coordinate), goesOn };
}

/** The earliest day that a deprecation of `today` may name: two quarters ahead. Both are ISO 8601 dates. */
export function earliestRemoval(today: string): string {
  const date = new Date(`${today}T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() + MONTHS_AHEAD_MIN);
  return date.toISOString().slice(0, 10);
}

/** Why an element with this deprecation may not go yet, or null when it may. */
export function refusedRemoval(reason: string | null | undefined, today: string): string | null {
  if (reason === null || reason === undefined) return 'it was not deprecated before';
  const deprecation = parseDeprecation(reason);
  if (typeof deprecation === 'string') return `its deprecation has ${deprecation}`;
  return deprecation.goesOn <= today ? null : `it goes on ${deprecation.goesOn}, not before`;
}
