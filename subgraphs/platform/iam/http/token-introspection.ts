import { isPlatformError } from '../../../../kernel/errors/platform-error.js';
import type { Client } from '../store/credentials/client-book.js';
import type { MachineTokens, VerifiedMachineToken } from '../store/credentials/machine-tokens.js';

/** RFC 7662, 2.2. An inactive token is told by nothing but `active: false`. */
export type Introspection = { readonly active: false } | { readonly active: true; readonly [claim: string]: unknown };

/** What a client may learn about a token: everything when it is good and of the client's own project, else nothing. */
export async function introspect(machines: MachineTokens, client: Client, token: string): Promise<Introspection> {
  const verified = await verifiedOrNull(machines, token);
  if (verified === null || verified.claims.project_id !== client.projectId) return { active: false };
  return { active: true, token_type: 'Bearer', username: verified.client.displayName, ...verified.claims };
}

/** Null for a token that is invalid, expired or revoked. Other failures are ours and throw. */
export async function verifiedOrNull(machines: MachineTokens, token: string): Promise<VerifiedMachineToken | null> {
  try {
    return await machines.verify(token);
  } catch (error) {
    if (isPlatformError(error) && (error.code === 'TOKEN_INVALID' || error.code === 'TOKEN_EXPIRED')) return null;
    throw error;
  }
}
