import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { roleDeleted } from '../../domain/iam-events.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findOwner } from '../find-scope.js';

/** Refuses while somebody has it: a role that vanishes from under its bindings would surprise. */
export function createDeleteRole({ changes }: AccessDependencies) {
  return defineCommand({
    action: 'iam.role.delete',
    input: z.object({ id: z.string() }),
    scope: (input, lookup) => findOwner(lookup, 'roles', input.id),
    changesAccess: true,
    async run(context, input) {
      const { tx } = context;
      const used = await tx.row<{ count: bigint }>(
        'select count(*) from iam.role_bindings where role_id = $1 and revoked_at is null',
        [input.id],
      );
      if (used !== null && used.count > 0n) {
        return refuse('IN_USE', `${used.count} bindings still use the role; revoke them first.`, {
          details: { bindings: Number(used.count) },
        });
      }
      const role = await tx.row<{ name: string }>('delete from iam.roles where id = $1 returning name', [input.id]);
      if (role === null) return refuse('NOT_FOUND', `There is no role ${input.id}.`, { field: ['input', 'id'] });
      await changes.record(tx, context.scope.organizationId);
      context.describe({ type: 'Role', id: input.id });
      context.emit(roleDeleted, { subjectId: input.id, scope: context.scope, data: { name: role.name } });
      return accept({ id: input.id });
    },
  });
}
