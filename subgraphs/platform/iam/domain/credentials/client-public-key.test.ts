import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { clientPublicKey } from './client-public-key.js';

const jwk = (key: { export(options: { format: 'jwk' }): object }): Record<string, unknown> => ({
  ...key.export({ format: 'jwk' }),
});

describe('the public key of a client', () => {
  it('is reduced to its public members', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    expect(clientPublicKey({ ...jwk(publicKey), kid: 'mine', use: 'sig' })).toEqual(jwk(publicKey));
    for (const curve of ['P-256', 'P-384']) {
      const pair = generateKeyPairSync('ec', { namedCurve: curve });
      expect(clientPublicKey(jwk(pair.publicKey))).toEqual(jwk(pair.publicKey));
    }
    const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 });
    expect(clientPublicKey(jwk(rsa.publicKey))).toEqual(jwk(rsa.publicKey));
  });

  it('is refused when it is private, shared, weak, of another kind, or has no form', () => {
    const bad: Record<string, unknown>[] = [
      jwk(generateKeyPairSync('ed25519').privateKey),
      { kty: 'oct', k: 'c2VjcmV0' },
      jwk(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey),
      jwk(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
      jwk(generateKeyPairSync('x25519').publicKey),
      { kty: 'OKP', crv: 'Ed25519' },
      { kty: 'EC', crv: 'P-256', x: 'a b', y: 1 },
      { kty: 'toString' },
      {},
    ];
    for (const key of bad) expect(clientPublicKey(key)).toHaveProperty('fault');
  });
});
