import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What stands before the random part: it tells secret scanners and people what they found. */
export const CLIENT_SECRET_PREFIX = 'gps_';
export const API_KEY_PREFIX = 'gpk_';

const RANDOM_BYTES = 32;
const FORM = /^gp[sk]_[A-Za-z0-9_-]{43}$/;
const SHOWN = 4;

export interface NewSecret {
  /** Shown once and kept nowhere. */
  readonly plaintext: string;
  readonly hash: Buffer;
  /** What lists show: the prefix with the first characters, and the last ones. */
  readonly prefix: string;
  readonly lastFour: string;
}

/** A new secret of 256 random bits. */
export function generateSecret(prefix: typeof CLIENT_SECRET_PREFIX | typeof API_KEY_PREFIX): NewSecret {
  const plaintext = prefix + randomBytes(RANDOM_BYTES).toString('base64url');
  return {
    plaintext,
    hash: secretHash(plaintext),
    prefix: plaintext.slice(0, prefix.length + SHOWN),
    lastFour: plaintext.slice(-SHOWN),
  };
}

export function hasSecretForm(text: string, prefix: string): boolean {
  return text.startsWith(prefix) && FORM.test(text);
}

/**
 * SHA-256, deliberately not a slow password hash: the secret is 256 random bits of our own making, so there is nothing
 * to guess offline, and a slow hash would only let strangers spend our CPU (NIST SP 800-63B, 5.1.2: look-up secrets of
 * at least 112 bits may be hashed once).
 */
export function secretHash(plaintext: string): Buffer {
  return createHash('sha256').update(plaintext, 'utf8').digest();
}

/** Compares in constant time. */
export function matchesHash(plaintext: string, hash: Uint8Array): boolean {
  const actual = secretHash(plaintext);
  return hash.length === actual.length && timingSafeEqual(actual, hash);
}
