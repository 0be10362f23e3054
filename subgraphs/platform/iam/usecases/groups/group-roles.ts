import type { Scope } from '../../../../../kernel/access/authority.js';
import type { CommandContext } from '../../../../../kernel/commands/command.js';
import type { Refused } from '../../../../../kernel/errors/refusal.js';
import type { SnapshotStore } from '../../store/access/snapshot-store.js';
import { refuseUnlessHeld } from '../role-bindings/grantable.js';

interface GroupBinding {
  readonly [column: string]: unknown;
  readonly role_id: string;
  readonly scope_level: Scope['level'];
  readonly scope_id: string;
  readonly organization_id: string | null;
}

/** To be in a group is to have its roles, so who decides on members must hold them: of the group, and of groups it is in. */
export async function refuseUnlessGroupHeld(
  snapshots: SnapshotStore,
  context: CommandContext,
  groupId: string,
): Promise<Refused | null> {
  const { actor, now } = context;
  const bindings = await context.tx.rows<GroupBinding>(
    `with recursive above (id) as (
       select $1::text collate "C" union select m.group_id from above join iam.group_members m on m.member_id = above.id
     )
     select distinct b.role_id, b.scope_level, b.scope_id, b.organization_id
     from above join iam.role_bindings b on b.principal_id = above.id where b.revoked_at is null`,
    [groupId],
  );
  for (const binding of bindings) {
    const scope: Scope = { level: binding.scope_level, id: binding.scope_id, organizationId: binding.organization_id };
    const unheld = await refuseUnlessHeld(snapshots, {
      actor,
      scope,
      now,
      permissions: (snapshot) => snapshot.roleBits(binding.role_id),
    });
    if (unheld !== null) return unheld;
  }
  return null;
}
