import { createHash, randomBytes } from 'node:crypto';
import type { CommandContext } from '../../../../kernel/commands/command.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { secondsAfter } from '../services.js';

/** `nbt_` and 256 random bits: says what it is in a leak scan, and nothing else. */
export function newBootstrapToken(): string {
  return `nbt_${randomBytes(32).toString('base64url')}`;
}

export function bootstrapTokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Issues a token for one node; earlier ones that were not used end. Only the hash is kept. */
export async function issueBootstrapToken(
  context: CommandContext,
  nodeId: string,
  seconds: number,
): Promise<{ token: string; expiresAt: Date }> {
  const token = newBootstrapToken();
  const expiresAt = secondsAfter(context.now, seconds);
  await context.tx.em.flush();
  await context.tx.execute(
    'update allocations.bootstrap_tokens set revoked_at = $2 where node_id = $1 and used_at is null and revoked_at is null',
    [nodeId, context.now],
  );
  await context.tx.execute(
    `insert into allocations.bootstrap_tokens (id, node_id, token_hash, issued_by, issued_at, expires_at)
     values ($1, $2, $3, $4, $5, $6)`,
    [newId('nbt'), nodeId, bootstrapTokenHash(token), context.actor.id, context.now, expiresAt],
  );
  return { token, expiresAt };
}
