import type { Refusal } from '../../../../kernel/errors/refusal.js';
import { type ItemResult, isOpenGap } from './evidence-vocabulary.js';
import { findSecrets } from './secret-detection.js';

export const SUMMARY_CHARACTERS_MAX = 16 * 1024;
export const SUMMARY_DEPTH_MAX = 12;
export const ITEMS_MAX = 500;
const GAP_DAYS_MAX = 90;

interface ItemFacts {
  readonly result: ItemResult;
  readonly summary: Readonly<Record<string, unknown>>;
  readonly reason: string | null;
  readonly expiresAt: Date | null;
}

/** Everything that keeps an item from being taken in, all at once. */
export function itemFaults(item: ItemFacts & Readonly<Record<string, unknown>>, now: Date): Refusal[] {
  const bounds = [...summaryFaults(item.summary), ...textFaults(item)];
  // What is beyond the bounds is not looked through.
  return bounds.length > 0 ? bounds : [...gapFaults(item, now), ...secretFaults(item)];
}

function summaryFaults(summary: Readonly<Record<string, unknown>>): Refusal[] {
  const field = ['input', 'summary'];
  if (isDeeperThan(summary, SUMMARY_DEPTH_MAX)) {
    return [
      {
        code: 'LIMIT_REACHED',
        message: `A summary nests at most ${SUMMARY_DEPTH_MAX} deep. Store the whole as an artifact and name its digest.`,
        field,
      },
    ];
  }
  const length = JSON.stringify(summary).length;
  if (length <= SUMMARY_CHARACTERS_MAX) return [];
  const message = `A summary has at most ${SUMMARY_CHARACTERS_MAX} characters of JSON, and this one ${length}. Store the whole as an artifact and name its digest.`;
  return [{ code: 'LIMIT_REACHED', message, field, details: { limit: SUMMARY_CHARACTERS_MAX, length } }];
}

/** Neither the database nor canonical JSON holds U+0000 or half of a surrogate pair. */
function textFaults(item: Readonly<Record<string, unknown>>): Refusal[] {
  const fields = Object.entries(item).filter(([, value]) =>
    /\\u0000|\\ud[89a-f][0-9a-f]{2}/.test(JSON.stringify(value ?? null)),
  );
  return fields.map(([name]) => ({
    code: 'INVALID_INPUT',
    message: `input.${name} holds a character that is no text.`,
    field: ['input', name],
  }));
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((item) => isDeeperThan(item, depth - 1));
}

/** A skipped or blocked item is complete only with a reason and an expiry in the foreseeable future (spec section 4). */
function gapFaults(item: ItemFacts, now: Date): Refusal[] {
  if (!isOpenGap(item.result)) return [];
  const faults: Refusal[] = [];
  const fault = (field: string, message: string): void =>
    void faults.push({ code: 'INVALID_INPUT', message, field: ['input', field] });
  if (item.reason === null) fault('reason', `An item that is ${item.result} needs a reason.`);
  if (item.expiresAt === null) fault('expiresAt', `An item that is ${item.result} needs an expiry.`);
  else if (item.expiresAt <= now) fault('expiresAt', 'The expiry lies in the past.');
  else if (item.expiresAt.getTime() - now.getTime() > GAP_DAYS_MAX * 86_400_000)
    fault('expiresAt', `The expiry lies at most ${GAP_DAYS_MAX} days ahead.`);
  return faults;
}

/** Refuses what looks like a secret wherever it stands, and never repeats it. */
export function secretFaults(fields: Readonly<Record<string, unknown>>): Refusal[] {
  return findSecrets(fields).map(({ kind, path }) => ({
    code: 'SECRET_REFUSED',
    message: `input.${path.join('.')} holds what looks like a secret (${kind.replaceAll('_', ' ')}). Remove it, and rotate it if it is real.`,
    field: ['input', ...path],
    details: { kind },
  }));
}
