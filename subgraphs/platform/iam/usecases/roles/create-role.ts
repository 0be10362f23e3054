import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { builtInRole } from '../../domain/access/built-in-roles.js';
import { roleCreated } from '../../domain/iam-events.js';
import { displayName } from '../../domain/names.js';
import { RoleEntity } from '../../store/entities/access-entities.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findScope } from '../find-scope.js';
import { permissionList, refuseUnregistered } from './role-permissions.js';

const roleName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{1,47}$/, 'must be 2 to 48 lower-case letters, digits or underscores');

/** A role of an organization's own: a set of registered permissions. It gives nothing until it is bound. */
export function createCreateRole({ changes, registry }: AccessDependencies) {
  return defineCommand({
    action: 'iam.role.create',
    input: z.object({
      organizationId: z.string(),
      name: roleName,
      title: displayName,
      description: z.string().max(1000).default(''),
      permissions: permissionList,
      idempotencyKey,
    }),
    scope: (input, lookup) => findScope(lookup, input.organizationId),
    changesAccess: true,
    async run(context, input) {
      const { organizationId, name } = input;
      if (context.scope.level !== 'organization')
        return refuse('INVALID_INPUT', 'A role belongs to an organization.', { field: ['input', 'organizationId'] });
      const unregistered = refuseUnregistered(registry, input.permissions);
      if (unregistered !== null) return unregistered;
      const taken = await context.tx.row('select 1 as found from iam.roles where organization_id = $1 and name = $2', [
        organizationId,
        name,
      ]);
      if (taken !== null || builtInRole(name) !== null)
        return refuse('ALREADY_EXISTS', `A role "${name}" exists.`, { field: ['input', 'name'] });
      const id = newId('rol');
      const permissions = [...new Set(input.permissions)].sort();
      context.tx.em.create(RoleEntity, {
        id,
        organizationId,
        name,
        title: input.title,
        description: input.description,
        permissions,
        createdAt: context.now,
      });
      await changes.record(context.tx, organizationId);
      context.describe({ type: 'Role', id }, { name, permissionCount: permissions.length });
      context.emit(roleCreated, { subjectId: id, scope: context.scope, data: { name, permissions } });
      return accept({ id });
    },
  });
}
