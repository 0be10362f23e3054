import { v7, type Version7Options } from 'uuid';
import { identifierBytes } from './random-bytes.js';

const SEQUENCE_MAX = 0x7fff_ffff;

let milliseconds = 0;
let sequence = 0;

/** A UUIDv7 (RFC 9562, 5.7) as bytes. Later ones of the same process sort after earlier ones, also within a millisecond. */
export function uuidV7Bytes(): Uint8Array {
  return v7(nextOptions(), new Uint8Array(16));
}

export function uuidV7(): string {
  return v7(nextOptions());
}

function nextOptions(): Version7Options {
  const random = identifierBytes(16);
  const now = Date.now();
  if (now > milliseconds) {
    milliseconds = now;
    // Half of the room is left for what comes within the same millisecond.
    sequence = random.readUInt32BE(6) >>> 2;
  } else if (sequence === SEQUENCE_MAX) {
    milliseconds += 1;
    sequence = 0;
  } else {
    sequence += 1;
  }
  return { random, msecs: milliseconds, seq: sequence };
}
