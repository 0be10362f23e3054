import { z } from 'zod';
import type { Scope } from '../../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { builtInRoleId } from '../../domain/access/built-in-roles.js';
import { RoleBindingEntity } from '../../store/entities/access-entities.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { revokeBindings } from './bind-role.js';
import { refuseUnlessHeld } from './grantable.js';

const OWNER = builtInRoleId('organization_owner');

/** From the commit on, no command that begins is decided with it. Refuses to leave an organization without an owner. */
export function createRevokeRoleBinding({ changes, snapshots }: AccessDependencies) {
  return defineCommand({
    action: 'iam.role_binding.revoke',
    input: z.object({ id: z.string() }),
    scope: async (input, lookup): Promise<Scope | null> => {
      const row = await lookup.row<{ scope_level: Scope['level']; scope_id: string; organization_id: string | null }>(
        'select scope_level, scope_id, organization_id from iam.role_bindings where id = $1',
        [input.id],
      );
      return row === null ? null : { level: row.scope_level, id: row.scope_id, organizationId: row.organization_id };
    },
    changesAccess: true,
    async run(context, input) {
      const { tx, scope, actor, now } = context;
      const binding = await tx.em.findOne(RoleBindingEntity, { id: input.id });
      if (binding === null || binding.revokedAt !== null)
        return refuse('NOT_FOUND', `There is no binding ${input.id}, or it was revoked before.`, {
          field: ['input', 'id'],
        });
      if (binding.effect !== 'guardrail') {
        const unheld = await refuseUnlessHeld(snapshots, {
          actor,
          scope,
          now,
          permissions: (snapshot) => snapshot.roleBits(binding.roleId),
        });
        if (unheld !== null) return unheld;
      }
      if (binding.roleId === OWNER && binding.effect === 'allow' && (await isLastOwner(tx, scope.id, [input.id]))) {
        return refuse('INVALID_STATE', 'This is the last lasting owner of the organization; bind another one first.');
      }
      tx.em.clear();
      await revokeBindings(context, { column: 'id', value: input.id });
      await changes.record(tx, scope.organizationId);
      context.describe(
        { type: 'RoleBinding', id: input.id },
        { roleId: binding.roleId, principalId: binding.principalId },
      );
      return accept({ id: input.id });
    },
  });
}

/** True when without these bindings no owner is left whose binding does not end. */
export async function isLastOwner(
  tx: Transaction,
  organizationId: string,
  bindingIds: readonly string[],
): Promise<boolean> {
  const row = await tx.row(
    `select 1 as found from iam.role_bindings where scope_id = $1 and role_id = $2 and effect = 'allow' and revoked_at is null
       and expires_at is null and principal_type = 'human' and not (id = any ($3)) limit 1`,
    [organizationId, OWNER, bindingIds],
  );
  return row === null;
}
