import { PlatformError } from '../errors/platform-error.js';

const FORM = /^ev1_([0-9a-z]{1,13})$/;

/** Opaque to clients: a position in the event log. */
export function encodeCursor(position: bigint): string {
  return `ev1_${position.toString(36)}`;
}

/** Throws BAD_USER_INPUT when the text is no cursor of an event stream. */
export function decodeCursor(cursor: string): bigint {
  const digits = FORM.exec(cursor)?.[1];
  if (digits === undefined) {
    throw new PlatformError('BAD_USER_INPUT', `"after" is not a cursor of an event stream: "${cursor.slice(0, 40)}"`, {
      field: ['after'],
    });
  }
  let position = 0n;
  for (const digit of digits) position = position * 36n + BigInt(Number.parseInt(digit, 36));
  return position;
}

/** Instead of a cursor: begin with now, and tell first where that is (see `opened` of `StreamItem`). */
export const NOW = 'now';

/** As {@link decodeCursor}, for streams: also takes {@link NOW}, and nothing. */
export function decodeStart(after: string | null | undefined): bigint | 'now' | undefined {
  if (after == null) return undefined;
  return after === NOW ? NOW : decodeCursor(after);
}
