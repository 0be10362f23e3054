import { createHmac } from 'node:crypto';
import { leafHash } from './merkle-tree.js';

export const SALT_BYTES = 32;

export interface AuditLeaf {
  /** HMAC-SHA-256 with the salt as key over the UTF-8 bytes of the canonical body: the data of the tree's leaf. */
  readonly commitment: Buffer;
  /** SHA-256(0x00 || commitment), RFC 6962 section 2.1. */
  readonly leafHash: Buffer;
}

/**
 * The leaf of a record. This format never changes: proofs depend on it. The random salt hides the body, so that the leaf
 * tells nothing of a record once its salt and body are erased.
 */
export function auditLeaf(salt: Uint8Array, canonicalBody: string): AuditLeaf {
  if (salt.length !== SALT_BYTES)
    throw new Error(`the salt of an audit record has ${SALT_BYTES} bytes, not ${salt.length}`);
  const commitment = createHmac('sha256', salt).update(canonicalBody, 'utf8').digest();
  return { commitment, leafHash: leafHash(commitment) };
}
