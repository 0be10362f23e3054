import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { projectRenamed } from '../../domain/iam-events.js';
import { displayName } from '../../domain/names.js';
import { ProjectEntity } from '../../store/entities/hierarchy-entities.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findScope } from '../find-scope.js';

export function createRenameProject({ changes }: AccessDependencies) {
  return defineCommand({
    action: 'iam.project.rename',
    input: z.object({ id: z.string(), name: displayName }),
    scope: (input, lookup) => findScope(lookup, input.id),
    changesAccess: true,
    async run(context, input) {
      const project = await context.tx.em.findOne(ProjectEntity, { id: input.id });
      if (project === null) return refuse('NOT_FOUND', `There is no project ${input.id}.`, { field: ['input', 'id'] });
      project.name = input.name;
      await changes.record(context.tx, project.organizationId);
      context.describe({ type: 'Project', id: input.id });
      context.emit(projectRenamed, {
        subjectId: input.id,
        scope: context.scope,
        data: { name: input.name, slug: project.slug },
      });
      return accept({ id: input.id });
    },
  });
}
