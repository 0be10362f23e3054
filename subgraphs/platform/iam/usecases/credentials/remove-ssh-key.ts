import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../../kernel/access/authority.js';
import { type CommandContext, defineCommand } from '../../../../../kernel/commands/command.js';
import { type Outcome, accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { sshKeyRemoved } from '../../domain/credentials/credential-events.js';
import { SshKeyEntity } from '../../store/credentials/ssh-key-entity.js';
import { personFault, scopeOfRow } from './credential-rules.js';

/** Removes one of the caller's SSH keys. Machines that run already keep it until they end. */
export const removeOwnSshKey = defineCommand({
  action: 'iam.ssh_key.remove_own',
  input: z.object({ id: z.string() }),
  isSelfService: true,
  async scope({ id }, lookup, actor) {
    const row = await lookup.row('select id from iam.ssh_keys where id = $1 and owner_id = $2', [id, actor.id]);
    return row === null ? null : PLATFORM_SCOPE;
  },
  run: async (context, { id }) => personFault(context.actor) ?? removeKey(context, id),
});

/** Removes an SSH key of a service account. */
export const removeSshKey = defineCommand({
  action: 'iam.ssh_key.remove',
  input: z.object({ id: z.string() }),
  scope: ({ id }, lookup) => scopeOfRow(lookup, 'ssh_keys', id),
  run: (context, { id }) => removeKey(context, id),
});

async function removeKey(context: CommandContext, id: string): Promise<Outcome<{ id: string }>> {
  const key = await context.tx.em.findOne(SshKeyEntity, { id });
  if (key === null || key.removedAt !== null) {
    return refuse('NOT_FOUND', `There is no SSH key ${id}.`, { field: ['input', 'id'] });
  }
  Object.assign(key, { removedAt: context.now, removedBy: context.actor.id });
  const facts = { ownerId: key.ownerId, fingerprint: key.fingerprint };
  context.describe({ type: 'SshKey', id }, facts);
  context.emit(sshKeyRemoved, { subjectId: id, scope: context.scope, data: facts });
  return accept({ id });
}
