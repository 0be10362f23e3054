import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { projectCreated } from '../../domain/iam-events.js';
import { displayName, slug, slugOf } from '../../domain/names.js';
import { ProjectEntity } from '../../store/entities/hierarchy-entities.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findScope } from '../find-scope.js';

/** A project is in exactly one department: the one named, or the default one of the organization. */
export function createCreateProject({ changes }: AccessDependencies) {
  return defineCommand({
    action: 'iam.project.create',
    input: z.object({
      organizationId: z.string(),
      departmentId: z.string().optional(),
      name: displayName,
      slug: slug.optional(),
      idempotencyKey,
    }),
    scope: (input, lookup) => findScope(lookup, input.departmentId ?? input.organizationId),
    changesAccess: true,
    async run(context, input) {
      const { tx, scope } = context;
      const { organizationId } = input;
      const department = await tx.row<{ id: string }>(
        'select id from iam.departments where organization_id = $1 and case when $2::text is null then is_default else id = $2 end',
        [organizationId, input.departmentId ?? null],
      );
      if (department === null || scope.organizationId !== organizationId) {
        return refuse('NOT_FOUND', 'The department does not exist in this organization.', {
          field: ['input', 'departmentId'],
        });
      }
      const state = await tx.row<{ state: string }>('select state from iam.organizations where id = $1', [
        organizationId,
      ]);
      if (state?.state !== 'active') return refuse('INVALID_STATE', 'The organization is not active.');
      const wanted = input.slug ?? slugOf(input.name);
      const taken = await tx.row('select 1 as found from iam.projects where organization_id = $1 and slug = $2', [
        organizationId,
        wanted,
      ]);
      if (taken !== null)
        return refuse('ALREADY_EXISTS', `A project with the slug "${wanted}" exists.`, { field: ['input', 'slug'] });
      const id = newId('prj');
      const { now, actor } = context;
      tx.em.create(ProjectEntity, {
        id,
        organizationId,
        departmentId: department.id,
        name: input.name,
        slug: wanted,
        state: 'active',
        stateReason: null,
        stateChangedAt: now,
        createdAt: now,
        createdBy: actor.id,
      });
      await changes.record(tx, organizationId);
      context.describe({ type: 'Project', id }, { slug: wanted });
      context.emit(projectCreated, {
        subjectId: id,
        scope: { level: 'project', id, organizationId },
        data: { name: input.name, slug: wanted, departmentId: department.id },
      });
      return accept({ id });
    },
  });
}
