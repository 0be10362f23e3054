import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { departmentCreated } from '../../domain/iam-events.js';
import { displayName, slug, slugOf } from '../../domain/names.js';
import { DepartmentEntity } from '../../store/entities/hierarchy-entities.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findScope } from '../find-scope.js';

export function createCreateDepartment({ changes }: AccessDependencies) {
  return defineCommand({
    action: 'iam.department.create',
    input: z.object({ organizationId: z.string(), name: displayName, slug: slug.optional(), idempotencyKey }),
    scope: (input, lookup) => findScope(lookup, input.organizationId),
    changesAccess: true,
    async run(context, input) {
      if (context.scope.level !== 'organization')
        return refuse('INVALID_INPUT', 'organizationId must name an organization.', {
          field: ['input', 'organizationId'],
        });
      const wanted = input.slug ?? slugOf(input.name);
      const taken = await context.tx.row(
        'select 1 as found from iam.departments where organization_id = $1 and slug = $2',
        [input.organizationId, wanted],
      );
      if (taken !== null)
        return refuse('ALREADY_EXISTS', `A department with the slug "${wanted}" exists.`, { field: ['input', 'slug'] });
      const id = newId('dep');
      context.tx.em.create(DepartmentEntity, {
        id,
        organizationId: input.organizationId,
        name: input.name,
        slug: wanted,
        isDefault: false,
        createdAt: context.now,
      });
      await changes.record(context.tx, input.organizationId);
      context.describe({ type: 'Department', id }, { slug: wanted });
      context.emit(departmentCreated, {
        subjectId: id,
        scope: context.scope,
        data: { name: input.name, slug: wanted },
      });
      return accept({ id });
    },
  });
}
