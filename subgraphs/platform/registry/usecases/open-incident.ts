import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { incidentOpened } from '../domain/incident-events.js';
import { unknownComponents } from '../store/component-queries.js';
import { IncidentEntity } from '../store/incident-entity.js';

export const openIncident = defineCommand({
  action: 'registry.incident.open',
  input: z.object({
    title: z.string().trim().min(3, 'must have at least 3 characters').max(200, 'must have at most 200 characters'),
    summary: z.string().max(4000, 'must have at most 4000 characters').default(''),
    severity: z.enum(['minor', 'major', 'critical']),
    componentIds: z.array(z.string()).max(50, 'must name at most 50 components').default([]),
    idempotencyKey,
  }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const unknown = await unknownComponents(context.tx, input.componentIds);
    if (unknown.length > 0) {
      return refuse('NOT_REGISTERED', `No status component is registered as ${unknown.join(', ')}.`, {
        field: ['input', 'componentIds'],
        details: { family: 'status_component', ids: unknown },
      });
    }
    const id = newId('inc');
    context.tx.em.create(IncidentEntity, {
      id,
      title: input.title,
      summary: input.summary,
      severity: input.severity,
      componentIds: input.componentIds,
      state: 'open',
      stateReason: null,
      stateChangedAt: context.now,
      openedBy: context.actor.id,
      correlationId: context.correlationId,
      createdAt: context.now,
    });
    context.describe({ type: 'Incident', id }, { severity: input.severity });
    context.emit(incidentOpened, {
      subjectId: id,
      scope: PLATFORM_SCOPE,
      data: { severity: input.severity, componentIds: input.componentIds },
    });
    return accept({ id });
  },
});
