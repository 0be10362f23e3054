import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { incidentMoved } from '../domain/incident-events.js';
import { incidentLifecycle } from '../domain/incident-lifecycle.js';
import { IncidentEntity } from '../store/incident-entity.js';

export const moveIncident = defineCommand({
  action: 'registry.incident.update',
  input: z.object({
    id: z.string(),
    event: z.enum(['investigate', 'mitigate', 'resolve', 'reopen']),
    reason: z.string().trim().min(1, 'must say why').max(1000, 'must have at most 1000 characters'),
    idempotencyKey,
  }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const incident = await context.tx.em.findOne(IncidentEntity, { id: input.id });
    if (incident === null) return refuse('NOT_FOUND', `There is no incident ${input.id}.`, { field: ['input', 'id'] });
    const from = incident.state;
    const to = incidentLifecycle.next(from, input.event);
    if (to === null) {
      return refuse('INVALID_STATE', `An incident that is ${from} cannot ${input.event}.`, {
        field: ['input', 'event'],
        details: { state: from, availableActions: incidentLifecycle.available(from) },
      });
    }
    Object.assign(incident, { state: to, stateReason: input.reason, stateChangedAt: context.now });
    context.describe({ type: 'Incident', id: input.id }, { from, to });
    context.emit(incidentMoved, {
      subjectId: input.id,
      scope: PLATFORM_SCOPE,
      data: { from, to, reason: input.reason },
    });
    return accept({ id: input.id });
  },
});
