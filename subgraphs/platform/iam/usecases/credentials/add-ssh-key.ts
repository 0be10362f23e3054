import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../../kernel/access/authority.js';
import { type CommandContext, defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { sshKeyAdded } from '../../domain/credentials/credential-events.js';
import { parseSshPublicKey } from '../../domain/credentials/ssh-public-key.js';
import { credentialName, personFault, scopeOfRow } from './credential-rules.js';

const KEYS_PER_OWNER_MAXIMUM = 50;

const keyInput = {
  name: credentialName.optional(),
  publicKey: z.string().max(16_384, 'must have at most 16384 characters'),
};

/** Adds an SSH public key to the caller. Refuses a weak, damaged or private key, and one the caller has already. */
export const addOwnSshKey = defineCommand({
  action: 'iam.ssh_key.add_own',
  input: z.object({ ...keyInput, idempotencyKey }),
  scope: () => PLATFORM_SCOPE,
  isSelfService: true,
  async run(context, input) {
    return personFault(context.actor) ?? addKey(context, { ...input, ownerId: context.actor.id, place: null });
  },
});

/** Adds an SSH public key to a service account. Refuses as {@link addOwnSshKey}, and an account that is not active. */
export const addSshKey = defineCommand({
  action: 'iam.ssh_key.add',
  input: z.object({ ...keyInput, serviceAccountId: z.string(), idempotencyKey }),
  scope: ({ serviceAccountId }, lookup) => scopeOfRow(lookup, 'service_accounts', serviceAccountId),
  async run(context, input) {
    const account = await context.tx.row<{ state: string; organization_id: string; project_id: string }>(
      'select state, organization_id, project_id from iam.service_accounts where id = $1',
      [input.serviceAccountId],
    );
    if (account?.state !== 'active') return refuse('INVALID_STATE', 'Only an active service account gets SSH keys.');
    return addKey(context, { ...input, ownerId: input.serviceAccountId, place: account });
  },
});

async function addKey(
  context: CommandContext,
  input: {
    name?: string | undefined;
    publicKey: string;
    ownerId: string;
    place: { organization_id: string; project_id: string } | null;
  },
): Promise<Outcome<{ id: string }>> {
  const { tx, now } = context;
  const field = ['input', 'publicKey'];
  const key = parseSshPublicKey(input.publicKey);
  if ('fault' in key) return refuse('INVALID_INPUT', `The key ${key.fault}.`, { field });
  const count = await tx.row<{ keys: bigint }>(
    'select count(*) as keys from iam.ssh_keys where owner_id = $1 and removed_at is null',
    [input.ownerId],
  );
  if ((count?.keys ?? 0n) >= KEYS_PER_OWNER_MAXIMUM) {
    return refuse('LIMIT_REACHED', `There are ${KEYS_PER_OWNER_MAXIMUM} SSH keys; remove one first.`);
  }
  const id = newId('ssh');
  const name = input.name ?? (key.comment === '' ? key.type : key.comment.slice(0, 100));
  const made = await tx.execute(
    `insert into iam.ssh_keys (id, organization_id, project_id, owner_id, name, type, public_key, fingerprint, created_at, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (owner_id, fingerprint) where removed_at is null do nothing`,
    [
      id,
      input.place?.organization_id ?? null,
      input.place?.project_id ?? null,
      input.ownerId,
      name,
      key.type,
      key.openSsh,
      key.fingerprint,
      now,
      context.actor.id,
    ],
  );
  if (made === 0) return refuse('ALREADY_EXISTS', `The key ${key.fingerprint} is there already.`, { field });
  context.describe({ type: 'SshKey', id }, { ownerId: input.ownerId, fingerprint: key.fingerprint });
  context.emit(sshKeyAdded, {
    subjectId: id,
    scope: context.scope,
    data: { ownerId: input.ownerId, fingerprint: key.fingerprint },
  });
  return accept({ id });
}
