import { createHash } from 'node:crypto';
import { type CryptoKey, type JWK, type KeyObject, SignJWT, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';

/**
 * The node's credential: its own Ed25519 key signs each request, bound to method, path and body (after RFC 9449, DPoP).
 * The private key never leaves the node. Mutual TLS on the transport is a later step; this holds with and without it.
 */
export const NODE_REQUEST_TYPE = 'node-request+jwt';
export const NODE_AUDIENCE = 'control-plane/nodes';
const LIFETIME_SECONDS = 30;
const CLOCK_TOLERANCE_SECONDS = 30;

export interface NodeRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly body: string;
}

export function bodyDigest(body: string): string {
  return createHash('sha256').update(body).digest('base64url');
}

/** The value after `Bearer ` of a node's request. `subject` is the node's id, or its name while it enrols. */
export async function signNodeRequest(
  request: NodeRequest,
  node: { subject: string; key: CryptoKey | KeyObject | JWK | Uint8Array; now: Date },
): Promise<string> {
  const issuedAt = Math.floor(node.now.getTime() / 1000);
  return new SignJWT({ htm: request.method, htu: request.path, bsh: bodyDigest(request.body) })
    .setProtectedHeader({ alg: 'EdDSA', typ: NODE_REQUEST_TYPE })
    .setSubject(node.subject)
    .setAudience(NODE_AUDIENCE)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFETIME_SECONDS)
    .sign(node.key);
}

/** True when this key signed this very request just now, for this subject. */
export async function verifyNodeRequest(
  token: string,
  request: NodeRequest,
  node: { subject: string; publicKey: JWK | CryptoKey | Uint8Array; now: Date },
): Promise<boolean> {
  try {
    if (decodeProtectedHeader(token).typ !== NODE_REQUEST_TYPE) return false;
    const key = isJwk(node.publicKey) ? await importJWK(node.publicKey, 'EdDSA') : node.publicKey;
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['EdDSA'],
      audience: NODE_AUDIENCE,
      subject: node.subject,
      currentDate: node.now,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      maxTokenAge: LIFETIME_SECONDS,
    });
    return (
      payload['htm'] === request.method &&
      payload['htu'] === request.path &&
      payload['bsh'] === bodyDigest(request.body)
    );
  } catch {
    return false;
  }
}

function isJwk(key: JWK | CryptoKey | Uint8Array): key is JWK {
  return typeof (key as JWK).kty === 'string';
}
