import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { departmentRenamed } from '../../domain/iam-events.js';
import { displayName } from '../../domain/names.js';
import { DepartmentEntity } from '../../store/entities/hierarchy-entities.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findScope } from '../find-scope.js';

export function createRenameDepartment({ changes }: AccessDependencies) {
  return defineCommand({
    action: 'iam.department.rename',
    input: z.object({ id: z.string(), name: displayName }),
    scope: (input, lookup) => findScope(lookup, input.id),
    changesAccess: true,
    async run(context, input) {
      const department = await context.tx.em.findOne(DepartmentEntity, { id: input.id });
      if (department === null)
        return refuse('NOT_FOUND', `There is no department ${input.id}.`, { field: ['input', 'id'] });
      department.name = input.name;
      await changes.record(context.tx, department.organizationId);
      context.describe({ type: 'Department', id: input.id });
      context.emit(departmentRenamed, {
        subjectId: input.id,
        scope: context.scope,
        data: { name: input.name, slug: department.slug },
      });
      return accept({ id: input.id });
    },
  });
}
