import { z } from 'zod';
import { type Command, type CommandContext, defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import type { PrincipalAccess } from '../../credentials-parts.js';
import { serviceAccountMoved } from '../../domain/credentials/credential-events.js';
import {
  type ServiceAccountEvent,
  serviceAccountLifecycle,
} from '../../domain/credentials/service-account-lifecycle.js';
import { recordRevocation } from '../../store/credentials/revocations.js';
import { ServiceAccountEntity, type ServiceAccountRow } from '../../store/credentials/service-account-entity.js';
import { scopeOfRow } from './credential-rules.js';

const input = z.object({
  id: z.string(),
  reason: z.string().trim().min(1, 'must say why').max(500, 'must have at most 500 characters'),
  idempotencyKey,
});

/**
 * Disables, enables or deletes a service account. From the commit on the account mints no token, and the tokens that it
 * has count no more; enabling does not bring those back.
 */
export function createChangeServiceAccountState(
  event: ServiceAccountEvent,
  access: PrincipalAccess,
): Command<typeof input, { id: string }> {
  return defineCommand({
    action: `iam.service_account.${event}`,
    input,
    scope: ({ id }, lookup) => scopeOfRow(lookup, 'service_accounts', id),
    changesAccess: true,
    async run(context, { id, reason }) {
      const account = await context.tx.em.findOne(ServiceAccountEntity, { id });
      if (account === null)
        return refuse('NOT_FOUND', `There is no service account ${id}.`, { field: ['input', 'id'] });
      const from = account.state;
      const to = serviceAccountLifecycle.next(from, event);
      if (to === null) {
        return refuse('INVALID_STATE', `A service account that is ${from} cannot ${event}.`, {
          details: { state: from, availableActions: serviceAccountLifecycle.available(from) },
        });
      }
      const { now } = context;
      Object.assign(account, { state: to, stateReason: reason, stateChangedAt: now, tokensValidFrom: now });
      await applyToAccess(context, account, { access, event, reason });
      if (event === 'delete') await revokeEverything(context, id);
      await recordRevocation(context.tx, { subjectType: 'service_account', subjectId: id });
      context.describe({ type: 'ServiceAccount', id }, { from, to });
      context.emit(serviceAccountMoved, { subjectId: id, scope: context.scope, data: { from, to, reason } });
      return accept({ id });
    },
  });
}

async function applyToAccess(
  { tx }: CommandContext,
  { id, organizationId }: ServiceAccountRow,
  change: { access: PrincipalAccess; event: ServiceAccountEvent; reason: string },
): Promise<void> {
  if (change.event === 'enable') await change.access.reinstatePrincipal(tx, { id, organizationId });
  else await change.access.revokePrincipal(tx, { id, organizationId, reason: change.reason });
}

/** Keys of a deleted account, the API keys that act for it, and its SSH keys end with it. */
async function revokeEverything({ tx, actor, now }: CommandContext, id: string): Promise<void> {
  for (const statement of [
    `update iam.service_account_keys set revoked_at = $2, revoked_by = $3 where service_account_id = $1 and revoked_at is null`,
    `update iam.api_keys set revoked_at = $2, revoked_by = $3 where owner_id = $1 and revoked_at is null`,
    `update iam.ssh_keys set removed_at = $2, removed_by = $3 where owner_id = $1 and removed_at is null`,
  ]) {
    await tx.execute(statement, [id, now, actor.id]);
  }
}
