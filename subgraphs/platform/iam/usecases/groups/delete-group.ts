import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { groupDeleted } from '../../domain/iam-events.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findOwner } from '../find-scope.js';
import { revokeBindings } from '../role-bindings/bind-role.js';
import { refuseUnlessGroupHeld } from './group-roles.js';

/** Ends the group with its bindings. */
export function createDeleteGroup({ changes, snapshots }: AccessDependencies) {
  return defineCommand({
    action: 'iam.group.delete',
    input: z.object({ id: z.string() }),
    scope: (input, lookup) => findOwner(lookup, 'groups', input.id),
    changesAccess: true,
    async run(context, input) {
      const { tx, scope } = context;
      const unheld = await refuseUnlessGroupHeld(snapshots, context, input.id);
      if (unheld !== null) return unheld;
      const revokedBindings = await revokeBindings(context, { column: 'principal_id', value: input.id });
      await tx.execute('delete from iam.group_members where member_id = $1', [input.id]);
      const group = await tx.row<{ name: string }>('delete from iam.groups where id = $1 returning name', [input.id]);
      if (group === null) return refuse('NOT_FOUND', `There is no group ${input.id}.`, { field: ['input', 'id'] });
      await changes.record(tx, scope.organizationId);
      context.describe({ type: 'Group', id: input.id }, { revokedBindings });
      context.emit(groupDeleted, { subjectId: input.id, scope, data: { name: group.name, revokedBindings } });
      return accept({ id: input.id });
    },
  });
}
