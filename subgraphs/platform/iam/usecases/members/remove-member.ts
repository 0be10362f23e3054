import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { memberRemoved } from '../../domain/iam-events.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findScope } from '../find-scope.js';
import { revokeBindings } from '../role-bindings/bind-role.js';
import { refuseUnlessHeld } from '../role-bindings/grantable.js';
import { isLastOwner } from '../role-bindings/revoke-role-binding.js';

/** Ends a membership with all bindings and group memberships. What the person made stays: it is the organization's. */
export function createRemoveMember({ changes, snapshots }: AccessDependencies) {
  return defineCommand({
    action: 'iam.member.remove',
    input: z.object({ organizationId: z.string(), userId: z.string() }),
    scope: (input, lookup) => findScope(lookup, input.organizationId),
    changesAccess: true,
    async run(context, input) {
      const { tx, scope, actor, now } = context;
      const { organizationId, userId } = input;
      const own = await tx.rows<{ id: string; role_id: string }>(
        `select id, role_id from iam.role_bindings where principal_id = $1 and organization_id = $2 and effect = 'allow' and revoked_at is null`,
        [userId, organizationId],
      );
      for (const { role_id: roleId } of own) {
        const unheld = await refuseUnlessHeld(snapshots, {
          actor,
          scope,
          now,
          permissions: (snapshot) => snapshot.roleBits(roleId),
        });
        if (unheld !== null) return unheld;
      }
      const ids = own.map((row) => row.id);
      if ((await isLastOwner(tx, organizationId, ids)) && !(await isLastOwner(tx, organizationId, []))) {
        return refuse('INVALID_STATE', 'This is the last lasting owner of the organization; bind another one first.');
      }
      const removed = await tx.execute('delete from iam.memberships where organization_id = $1 and user_id = $2', [
        organizationId,
        userId,
      ]);
      if (removed === 0)
        return refuse('NOT_FOUND', `${userId} is not a member of this organization.`, { field: ['input', 'userId'] });
      await tx.execute('delete from iam.group_members where organization_id = $1 and member_id = $2', [
        organizationId,
        userId,
      ]);
      const revokedBindings = await revokeBindings(context, { column: 'principal_id', value: userId });
      await changes.record(tx, organizationId);
      context.describe({ type: 'User', id: userId }, { organizationId, revokedBindings });
      context.emit(memberRemoved, { subjectId: userId, scope, data: { organizationId, revokedBindings } });
      return accept({ userId });
    },
  });
}
