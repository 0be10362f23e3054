import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export type IncidentState = 'open' | 'investigating' | 'mitigated' | 'resolved';
export type IncidentEvent = 'investigate' | 'mitigate' | 'resolve' | 'reopen';

/** An incident is opened by hand; it may be resolved from any state, and a resolved one may be reopened. */
export const incidentLifecycle = defineLifecycle<IncidentState, IncidentEvent>('incident', 'open', {
  open: { investigate: 'investigating', mitigate: 'mitigated', resolve: 'resolved' },
  investigating: { mitigate: 'mitigated', resolve: 'resolved' },
  mitigated: { investigate: 'investigating', resolve: 'resolved' },
  resolved: { reopen: 'open' },
});
