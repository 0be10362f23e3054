import { z } from 'zod';
import { defineEvent } from '../../../../kernel/events/event-type.js';

const subjectType = 'ComputeNode';

export const nodeStateChanged = defineEvent({
  type: 'allocations.node.state_changed',
  subjectType,
  description: 'A node went to another state of its lifecycle.',
  data: z.object({ from: z.string().nullable(), to: z.string(), reason: z.string().nullable() }),
});

export const nodeObserved = defineEvent({
  type: 'allocations.node.observed',
  subjectType,
  description: 'The connectivity or the health of a node changed.',
  data: z.object({ connectivity: z.string(), health: z.string(), detail: z.string().nullable() }),
});

export const nodeSchedulingChanged = defineEvent({
  type: 'allocations.node.scheduling_changed',
  subjectType,
  description: 'An operator changed whether new work may be placed on a node.',
  data: z.object({ scheduling: z.string(), reason: z.string() }),
});

export const slotChanged = defineEvent({
  type: 'allocations.slot.status_changed',
  subjectType,
  description: 'A slot of the node was approved, disabled, blocked or freed.',
  data: z.object({ slotIds: z.array(z.string()), status: z.string(), reason: z.string().nullable() }),
});

export const taskRefused = defineEvent({
  type: 'allocations.node.task_refused',
  subjectType,
  description: 'A node refused a task: signature, expiry, type, schema, epoch or fence.',
  data: z.object({ taskId: z.string(), type: z.string(), code: z.string() }),
});
