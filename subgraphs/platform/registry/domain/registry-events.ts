import { z } from 'zod';
import { defineEvent } from '../../../../kernel/events/event-type.js';

export const productRegistered = defineEvent({
  type: 'registry.product.registered',
  subjectType: 'Product',
  description: 'A packet was registered, or replaced one with other contents; what is registered may have changed.',
  data: z.object({ productId: z.string(), packetVersion: z.int(), lifecycle: z.string(), revision: z.string() }),
});

export const componentHealthChanged = defineEvent({
  type: 'registry.component.health_changed',
  subjectType: 'StatusComponent',
  description: 'The health of a status component changed: by a report, or to unknown because reports stopped.',
  data: z.object({ componentId: z.string(), from: z.string(), to: z.string(), detail: z.string().nullable() }),
});
