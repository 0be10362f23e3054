import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { groupMembersChanged } from '../../domain/iam-events.js';
import { principalTypeOf } from '../../domain/scope-level.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findOwner } from '../find-scope.js';
import { refuseUnlessGroupHeld } from './group-roles.js';

/** Members are people of the organization, its service accounts, and other groups of it; never in a circle. */
export function createAddGroupMember({ changes, snapshots }: AccessDependencies) {
  return defineCommand({
    action: 'iam.group.add_member',
    input: z.object({ groupId: z.string(), principalId: z.string() }),
    scope: (input, lookup) => findOwner(lookup, 'groups', input.groupId),
    changesAccess: true,
    async run(context, input) {
      const { tx, scope, now, actor } = context;
      const { groupId, principalId } = input;
      const field = ['input', 'principalId'];
      const type = principalTypeOf(principalId);
      if (type === null)
        return refuse('INVALID_INPUT', 'principalId must name a user, a service account or a group.', { field });
      if (!(await isOfSameOwner(tx, principalId, scope.organizationId)))
        return refuse('NOT_FOUND', `There is no ${principalId} here.`, { field });
      if (type === 'group' && (await contains(tx, principalId, groupId))) {
        return refuse(
          'INVALID_INPUT',
          'The group to add contains this group already: groups must not go in a circle.',
          { field },
        );
      }
      const unheld = await refuseUnlessGroupHeld(snapshots, context, groupId);
      if (unheld !== null) return unheld;
      const added = await tx.execute(
        `insert into iam.group_members (organization_id, group_id, member_type, member_id, created_at, created_by)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
        [scope.organizationId, groupId, type, principalId, now, actor.id],
      );
      if (added === 0) return refuse('ALREADY_EXISTS', `${principalId} is in the group.`, { field });
      await changes.record(tx, scope.organizationId);
      context.describe({ type: 'Group', id: groupId }, { added: principalId });
      context.emit(groupMembersChanged, { subjectId: groupId, scope, data: { added: [principalId], removed: [] } });
      return accept({ id: groupId });
    },
  });
}

async function isOfSameOwner(tx: Transaction, principalId: string, organizationId: string | null): Promise<boolean> {
  const row = await tx.row(
    `select 1 as found where exists (select from iam.groups where id = $1 and organization_id is not distinct from $2)
       or exists (select from iam.memberships where user_id = $1 and organization_id = $2)
       or exists (select from iam.service_accounts where id = $1 and organization_id = $2)
       or ($2::text is null and exists (select from iam.users where id = $1))`,
    [principalId, organizationId],
  );
  return row !== null;
}

/** Whether `outer` is `inner`, or holds it at any depth. */
async function contains(tx: Transaction, outer: string, inner: string): Promise<boolean> {
  if (outer === inner) return true;
  const row = await tx.row(
    `with recursive above (id) as (
       select group_id from iam.group_members where member_id = $1
       union select m.group_id from above join iam.group_members m on m.member_id = above.id
     ) select 1 as found from above where id = $2`,
    [inner, outer],
  );
  return row !== null;
}
