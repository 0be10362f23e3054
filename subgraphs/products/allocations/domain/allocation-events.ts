import { z } from 'zod';
import { type EventType, defineEvent } from '../../../../kernel/events/event-type.js';
import type { AllocationState } from './allocation-lifecycle.js';

const data = z.object({
  from: z.string().nullable().describe('The state before; null when it was created.'),
  to: z.string().describe('The state after.'),
  reason: z.string().nullable(),
  skuName: z.string(),
  regionName: z.string().optional(),
  gpuCount: z.number().int(),
});

const define = (verb: string, description: string): EventType<typeof data> =>
  defineEvent({ type: `allocations.allocation.${verb}`, subjectType: 'Allocation', description, data });

/** The event told when an allocation enters a state. */
export const allocationEvents: Readonly<Record<AllocationState, EventType<typeof data>>> = {
  requested: define('requested', 'An allocation was asked for.'),
  provisioning: define('provisioning_started', 'Capacity was reserved; the node prepares the runtime.'),
  active: define('activated', 'The runtime is up; billing begins.'),
  releasing: define('release_accepted', 'A release was accepted; billing has stopped and cleanup begins.'),
  released: define('released', 'Cleanup was proved; the capacity is free.'),
  failed: define('failed', 'It could not be provided; nothing is charged.'),
  release_failed: define('release_failed', 'Cleanup failed; billing has stopped and the capacity stays blocked.'),
};

export const forceReleaseRequested = defineEvent({
  type: 'allocations.allocation.force_release_requested',
  subjectType: 'Allocation',
  description: 'The platform or an operator decided to release it.',
  data: z.object({ reason: z.string() }),
});

export const releaseRequested = defineEvent({
  type: 'allocations.allocation.release_requested',
  subjectType: 'Allocation',
  description: 'A release was asked for while it was being provisioned; it follows as soon as the node has answered.',
  data: z.object({ state: z.string() }),
});
