import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { organizationMoved } from '../../domain/iam-events.js';
import { reason } from '../../domain/names.js';
import { type OrganizationEvent, organizationLifecycle } from '../../domain/organization-lifecycle.js';
import { OrganizationEntity } from '../../store/entities/hierarchy-entities.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findScope } from '../find-scope.js';

/** Suspends, reinstates or closes: `iam.organization.<event>`. */
export function createMoveOrganization({ changes }: AccessDependencies, event: OrganizationEvent) {
  return defineCommand({
    action: `iam.organization.${event}`,
    input: z.object({ id: z.string(), reason }),
    scope: (input, lookup) => findScope(lookup, input.id),
    changesAccess: true,
    async run(context, input) {
      const organization = await context.tx.em.findOne(OrganizationEntity, { id: input.id });
      if (organization === null)
        return refuse('NOT_FOUND', `There is no organization ${input.id}.`, { field: ['input', 'id'] });
      const from = organization.state;
      const to = organizationLifecycle.next(from, event);
      if (to === null) {
        return refuse('INVALID_STATE', `An organization that is ${from} cannot ${event}.`, {
          details: { state: from, availableActions: organizationLifecycle.available(from) },
        });
      }
      if (to === 'closed' && (await hasActiveProjects(context.tx, input.id))) {
        return refuse('IN_USE', 'The organization has projects that are not archived; archive them first.');
      }
      Object.assign(organization, { state: to, stateReason: input.reason, stateChangedAt: context.now });
      await changes.record(context.tx, input.id);
      context.describe({ type: 'Organization', id: input.id }, { from, to });
      context.emit(organizationMoved, {
        subjectId: input.id,
        scope: context.scope,
        data: { from, to, reason: input.reason },
      });
      return accept({ id: input.id });
    },
  });
}

async function hasActiveProjects(
  tx: { row: (text: string, values: readonly unknown[]) => Promise<unknown> },
  organizationId: string,
): Promise<boolean> {
  return (
    (await tx.row(`select 1 as found from iam.projects where organization_id = $1 and state = 'active' limit 1`, [
      organizationId,
    ])) !== null
  );
}
