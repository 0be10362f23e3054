import { randomFillSync } from 'node:crypto';

/** Asking the system for random bytes costs some microseconds, however few they are: they are asked for in stock. */
const STOCK_BYTES = 8192;

const stock = Buffer.alloc(STOCK_BYTES);
let taken = STOCK_BYTES;

/**
 * Cryptographically strong random bytes for identifiers, at most 256 at once. For keys and secrets use `randomBytes` of
 * `node:crypto`: what is handed out here has lain in memory for a while.
 */
export function identifierBytes(count: number): Buffer {
  if (taken + count > STOCK_BYTES) {
    randomFillSync(stock);
    taken = 0;
  }
  taken += count;
  return Buffer.from(stock.subarray(taken - count, taken));
}
