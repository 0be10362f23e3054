import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** SHA-256 in hexadecimal over the canonical JSON (RFC 8785) of a value; bigints count as their decimal text. */
export function canonicalHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** Canonical JSON (RFC 8785, JCS). */
export function canonicalJson(value: unknown): string {
  const plain: unknown = JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item)) ?? 'null',
  );
  const text = canonicalize(plain);
  if (text === undefined) throw new Error('the value has no JSON form');
  return text;
}
