import { decodeJwt, errors } from 'jose';
import { z } from 'zod';
import { PlatformError } from '../../../../../kernel/errors/platform-error.js';

/** RFC 9068, 2.2, and what a provider may say about the sign-in. */
export const personClaims = z.object({
  iss: z.string(),
  sub: z.string().min(1).max(255),
  exp: z.number(),
  iat: z.number(),
  jti: z.string().max(255).optional(),
  sid: z.string().max(255).optional(),
  acr: z.string().max(255).optional(),
  amr: z.array(z.string().max(64)).max(32).optional(),
  auth_time: z.number().optional(),
  email: z.string().max(320).optional(),
  email_verified: z.boolean().optional(),
  name: z.string().max(200).optional(),
  preferred_username: z.string().max(200).optional(),
});
export type PersonClaims = z.output<typeof personClaims>;

/** What our own access tokens say. */
export const machineClaims = z.object({
  iss: z.string(),
  sub: z.string(),
  client_id: z.string(),
  aud: z.string(),
  exp: z.number(),
  iat: z.number(),
  jti: z.string(),
  scope: z.string(),
  org_id: z.string(),
  project_id: z.string(),
  actor_type: z.literal('service_account'),
});
export type MachineClaims = z.output<typeof machineClaims>;

/** Who says to have issued a token; decides only which keys it is checked with. */
export function claimedIssuer(token: string): string | null {
  try {
    return decodeJwt(token).iss ?? null;
  } catch {
    return null;
  }
}

export function invalidToken(cause?: unknown): PlatformError {
  return new PlatformError('TOKEN_INVALID', 'The token is not one that this platform accepts.', {}, { cause });
}

export function expiredToken(): PlatformError {
  return new PlatformError('TOKEN_EXPIRED', 'The token has expired; get a new one.');
}

/** Turns what verification throws into an answer that says no more than needed. */
export function tokenError(error: unknown): PlatformError {
  if (error instanceof PlatformError) return error;
  return error instanceof errors.JWTExpired ? expiredToken() : invalidToken(error);
}
