import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { projectMoved } from '../../domain/iam-events.js';
import { reason } from '../../domain/names.js';
import { type ProjectEvent, projectLifecycle } from '../../domain/project-lifecycle.js';
import { ProjectEntity } from '../../store/entities/hierarchy-entities.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findScope } from '../find-scope.js';

/** Archives or restores: `iam.project.<event>`. A project that still uses quota cannot be archived. */
export function createMoveProject({ changes }: AccessDependencies, event: ProjectEvent) {
  return defineCommand({
    action: `iam.project.${event}`,
    input: z.object({ id: z.string(), reason }),
    scope: (input, lookup) => findScope(lookup, input.id),
    changesAccess: true,
    async run(context, input) {
      const project = await context.tx.em.findOne(ProjectEntity, { id: input.id });
      if (project === null) return refuse('NOT_FOUND', `There is no project ${input.id}.`, { field: ['input', 'id'] });
      const from = project.state;
      const to = projectLifecycle.next(from, event);
      if (to === null) {
        return refuse('INVALID_STATE', `A project that is ${from} cannot ${event}.`, {
          details: { state: from, availableActions: projectLifecycle.available(from) },
        });
      }
      const using = to === 'archived' ? await dimensionsInUse(context.tx, input.id) : [];
      if (using.length > 0) {
        return refuse('IN_USE', `The project still uses ${using.join(', ')}; release that first.`, {
          details: { dimensions: using },
        });
      }
      Object.assign(project, { state: to, stateReason: input.reason, stateChangedAt: context.now });
      await changes.record(context.tx, project.organizationId);
      context.describe({ type: 'Project', id: input.id }, { from, to });
      context.emit(projectMoved, {
        subjectId: input.id,
        scope: context.scope,
        data: { from, to, reason: input.reason },
      });
      return accept({ id: input.id });
    },
  });
}

async function dimensionsInUse(
  tx: { rows: <Row extends Record<string, unknown>>(text: string, values: readonly unknown[]) => Promise<Row[]> },
  projectId: string,
): Promise<string[]> {
  const rows = await tx.rows<{ dimension: string }>(
    `select distinct dimension from iam.quota_holds where project_id = $1 and (is_committed or expires_at > now()) order by 1`,
    [projectId],
  );
  return rows.map((row) => row.dimension);
}
