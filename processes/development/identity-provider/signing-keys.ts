import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { SigningKeys } from './identity-provider-options.js';

/**
 * A fresh private key set with one RS256 key: the algorithm every OpenID Connect client must know (Core 1.0, 15.1),
 * and the cheapest to verify. JSON: write it where secrets may lie, and pass it to the next start.
 */
export function generateSigningKeys(): SigningKeys {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' }] };
}
