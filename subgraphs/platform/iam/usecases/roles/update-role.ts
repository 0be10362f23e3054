import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { roleUpdated } from '../../domain/iam-events.js';
import { displayName } from '../../domain/names.js';
import { RoleEntity } from '../../store/entities/access-entities.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findOwner } from '../find-scope.js';
import { refuseUnlessHeld } from '../role-bindings/grantable.js';
import { permissionList, refuseUnregistered } from './role-permissions.js';

/** Changes a role for everybody who has it, so what is added or taken must be the actor's own. */
export function createUpdateRole({ changes, registry, snapshots }: AccessDependencies) {
  return defineCommand({
    action: 'iam.role.update',
    input: z.object({
      id: z.string(),
      title: displayName.optional(),
      description: z.string().max(1000).optional(),
      permissions: permissionList.optional(),
    }),
    scope: (input, lookup) => findOwner(lookup, 'roles', input.id),
    changesAccess: true,
    async run(context, input) {
      const role = await context.tx.em.findOne(RoleEntity, { id: input.id });
      if (role === null) return refuse('NOT_FOUND', `There is no role ${input.id}.`, { field: ['input', 'id'] });
      const permissions = input.permissions === undefined ? role.permissions : [...new Set(input.permissions)].sort();
      const unregistered = input.permissions === undefined ? null : refuseUnregistered(registry, permissions);
      if (unregistered !== null) return unregistered;
      const added = permissions.filter((permission) => !role.permissions.includes(permission));
      const removed = role.permissions.filter((permission) => !permissions.includes(permission));
      const unheld = await refuseUnlessHeld(snapshots, {
        actor: context.actor,
        scope: context.scope,
        now: context.now,
        permissions: (snapshot) => snapshot.catalogue.index.bits([...added, ...removed]),
      });
      if (unheld !== null) return unheld;
      Object.assign(role, {
        permissions,
        title: input.title ?? role.title,
        description: input.description ?? role.description,
      });
      await changes.record(context.tx, role.organizationId);
      context.describe({ type: 'Role', id: input.id }, { added, removed });
      context.emit(roleUpdated, { subjectId: input.id, scope: context.scope, data: { added, removed } });
      return accept({ id: input.id });
    },
  });
}
