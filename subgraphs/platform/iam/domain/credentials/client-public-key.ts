/** Public members of the key types that may sign client assertions (RFC 7518, 6 and RFC 8037, 2). */
const MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['OKP', ['crv', 'x']],
  ['EC', ['crv', 'x', 'y']],
  ['RSA', ['n', 'e']],
]);
const CURVES: ReadonlySet<string> = new Set(['Ed25519', 'P-256', 'P-384']);
const RSA_MODULUS_CHARACTERS_MINIMUM = 512;
const BASE64URL = /^[A-Za-z0-9_-]{1,1400}$/;

/** Algorithms that a client assertion may be signed with. */
export const ASSERTION_ALGORITHMS: readonly string[] = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'RS256', 'PS256'];

export type ClientPublicKey = Readonly<Record<string, string>>;

/** The public members of a JSON Web Key, and nothing else. Refuses private and symmetric keys, and RSA below 3072 bits. */
export function clientPublicKey(jwk: Readonly<Record<string, unknown>>): ClientPublicKey | { readonly fault: string } {
  if ('d' in jwk || 'k' in jwk) return { fault: 'holds a private or shared key; send the public one only' };
  const kty = typeof jwk['kty'] === 'string' ? jwk['kty'] : '';
  const members = MEMBERS.get(kty);
  if (members === undefined) return { fault: 'must have "kty" OKP, EC or RSA' };
  const key: Record<string, string> = { kty };
  for (const member of members) {
    const value = jwk[member];
    if (typeof value !== 'string' || !BASE64URL.test(value)) return { fault: `lacks a well-formed "${member}"` };
    key[member] = value;
  }
  if (kty !== 'RSA' && !CURVES.has(key['crv'] ?? ''))
    return { fault: `must be on the curve ${[...CURVES].join(', ')}` };
  if (kty === 'RSA' && (key['n']?.length ?? 0) < RSA_MODULUS_CHARACTERS_MINIMUM)
    return { fault: 'is an RSA key below 3072 bits' };
  return key;
}
