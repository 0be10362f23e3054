import { z } from 'zod';
import { defineEvent } from '../../../../kernel/events/event-type.js';

export const incidentOpened = defineEvent({
  type: 'registry.incident.opened',
  subjectType: 'Incident',
  description: 'An incident was opened by hand.',
  data: z.object({ severity: z.string(), componentIds: z.array(z.string()) }),
});

export const incidentMoved = defineEvent({
  type: 'registry.incident.state_changed',
  subjectType: 'Incident',
  description: 'An incident went to another state.',
  data: z.object({ from: z.string(), to: z.string(), reason: z.string() }),
});
