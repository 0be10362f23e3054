import { TypeID } from 'typeid-js';
import { uuidV7Bytes } from './uuid-v7.js';

/**
 * A globally unique, sortable identifier: a short stable prefix and a UUIDv7 in Crockford base 32
 * (TypeID specification 0.3). The prefix tells the type; the UUID's first 48 bits are its Unix time in milliseconds.
 */
export type TypeId = string;

const PREFIX = /^[a-z]{3,4}$/;
const FORM = /^([a-z]{3,4})_([0-7][0-9a-hjkmnp-tv-z]{25})$/;

/** Mints a new identifier. The prefix has three or four lower-case letters. */
export function newId(prefix: string): TypeId {
  if (!PREFIX.test(prefix))
    throw new Error(`identifier prefix must be three or four lower-case letters, got "${prefix}"`);
  return TypeID.fromUUIDBytes(prefix, uuidV7Bytes()).toString();
}

/** True when the text has the form of an identifier (of the given prefix, if one is named). Says nothing about existence. */
export function isTypeId(text: string, prefix?: string): boolean {
  const match = FORM.exec(text);
  return match !== null && (prefix === undefined || match[1] === prefix);
}

/** The prefix of a well-formed identifier, else null. */
export function prefixOf(id: string): string | null {
  return FORM.exec(id)?.[1] ?? null;
}
