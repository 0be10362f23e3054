import { SignJWT, errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { PlatformError } from '../errors/platform-error.js';
import type { Actor } from './actor.js';

/** Name of the HTTP header that carries the actor from the edge to a subgraph in another process. */
export const ACTOR_HEADER = 'x-actor';

/** A header is made for one request: it needs to live as long as that takes, and clocks may differ a little. */
const LIFETIME_SECONDS = 60;
const CLOCK_TOLERANCE_SECONDS = 5;
const TYPE = 'actor+jwt';
/** Node refuses requests with more than 16 KiB of headers. */
const LENGTH_MAXIMUM = 12_288;

const wireActor = z.strictObject({
  // `system` is missing on purpose: the platform itself is never accepted from the wire.
  kind: z.enum(['anonymous', 'human', 'service_account', 'api_key', 'node']),
  id: z.string(),
  displayName: z.string(),
  organizationIds: z.union([z.array(z.string()), z.literal('*')]),
  projectId: z.string().optional(),
  allowList: z.array(z.string()).optional(),
  credentialId: z.string().optional(),
  sessionId: z.string().optional(),
  assurance: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
  authenticatedAt: z.number().optional(),
  expiresAt: z.number().optional(),
  ip: z.string().optional(),
  userAgent: z.string().optional(),
});

/**
 * Signs an actor for another process: a compact JWS (RFC 7515) with HS256 under the subkey `actor-header` of the master
 * key, good for 60 seconds. Throws for the `system` actor, and for one too large to travel.
 */
export async function signActor(actor: Actor, key: Uint8Array): Promise<string> {
  if (actor.kind === 'system') throw new Error('the system actor never leaves its process');
  const token = await new SignJWT({ actor: { ...actor } })
    .setProtectedHeader({ alg: 'HS256', typ: TYPE })
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + LIFETIME_SECONDS)
    .sign(key);
  if (token.length > LENGTH_MAXIMUM) {
    throw new PlatformError('FORBIDDEN', 'You belong to more organizations than one request can carry.');
  }
  return token;
}

/** The actor of a header that {@link signActor} made with the same key. TOKEN_INVALID or TOKEN_EXPIRED otherwise. */
export async function verifyActor(header: string, key: Uint8Array): Promise<Actor> {
  try {
    const { payload } = await jwtVerify(header, key, {
      algorithms: ['HS256'],
      typ: TYPE,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      maxTokenAge: LIFETIME_SECONDS,
      requiredClaims: ['exp', 'iat'],
    });
    // Absent properties stay absent: parsing adds none.
    return wireActor.parse(payload['actor']);
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new PlatformError('TOKEN_EXPIRED', 'The actor header has expired.');
    throw new PlatformError('TOKEN_INVALID', 'The actor header was not made by this platform.', {}, { cause: error });
  }
}
