import { UNSTORABLE_TEXT, findUnstorableText, isStorableText } from '../../kernel/database/storable-text.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';

/** Lists and objects inside each other. */
const NESTING_MAX = 50;
/** Values in all, lists and objects included. */
const VALUES_MAX = 20_000;

/**
 * Throws `BAD_USER_INPUT` for variables that nest too deep, hold too much, name a prototype, or hold text that cannot be
 * stored. Everything after this may walk them by recursion.
 */
export function checkVariables(variables: Readonly<Record<string, unknown>> | null | undefined): void {
  if (!variables || isPlain(variables)) return;
  let level: unknown[] = [variables];
  let values = 0;
  for (let nesting = 0; level.length > 0; nesting++) {
    if (nesting > NESTING_MAX) throw refusal(`Variables may nest ${NESTING_MAX} deep at most.`);
    values += level.length;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (!Array.isArray(value) && Object.hasOwn(value, '__proto__')) throw refusal('No field is named "__proto__".');
      for (const item of Array.isArray(value) ? (value as unknown[]) : Object.values(value)) next.push(item);
      if (values + next.length > VALUES_MAX) throw refusal(`Variables may hold ${VALUES_MAX} values at most.`);
    }
    level = next;
  }
  const path = findUnstorableText(variables);
  if (path !== null) throw refusal(`$${path.join('.')}: ${UNSTORABLE_TEXT}.`, { field: path });
}

/** A few numbers, flags and good texts, as most requests have. */
function isPlain(variables: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(variables);
  return (
    names.length < VALUES_MAX && names.every((name) => name !== '__proto__' && isPlainValue(variables[name], name))
  );
}

function isPlainValue(value: unknown, name: string): boolean {
  if (typeof value === 'string') return isStorableText(value) && isStorableText(name);
  return (typeof value !== 'object' || value === null) && isStorableText(name);
}

function refusal(message: string, details: { field?: readonly string[] } = {}): PlatformError {
  return new PlatformError('BAD_USER_INPUT', message, details);
}
