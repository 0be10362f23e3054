import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { groupMembersChanged } from '../../domain/iam-events.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findOwner } from '../find-scope.js';
import { refuseUnlessGroupHeld } from './group-roles.js';

export function createRemoveGroupMember({ changes, snapshots }: AccessDependencies) {
  return defineCommand({
    action: 'iam.group.remove_member',
    input: z.object({ groupId: z.string(), principalId: z.string() }),
    scope: (input, lookup) => findOwner(lookup, 'groups', input.groupId),
    changesAccess: true,
    async run(context, input) {
      const { tx, scope } = context;
      const unheld = await refuseUnlessGroupHeld(snapshots, context, input.groupId);
      if (unheld !== null) return unheld;
      const removed = await tx.execute('delete from iam.group_members where group_id = $1 and member_id = $2', [
        input.groupId,
        input.principalId,
      ]);
      if (removed === 0)
        return refuse('NOT_FOUND', `${input.principalId} is not in the group.`, { field: ['input', 'principalId'] });
      await changes.record(tx, scope.organizationId);
      context.describe({ type: 'Group', id: input.groupId }, { removed: input.principalId });
      context.emit(groupMembersChanged, {
        subjectId: input.groupId,
        scope,
        data: { added: [], removed: [input.principalId] },
      });
      return accept({ id: input.groupId });
    },
  });
}
