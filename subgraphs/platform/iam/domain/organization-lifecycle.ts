import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export type OrganizationState = 'active' | 'suspended' | 'closed';
export type OrganizationEvent = 'suspend' | 'reinstate' | 'close';

/** A suspended organization can be read, and what runs can be ended. A closed one stays for its records, for ever closed. */
export const organizationLifecycle = defineLifecycle<OrganizationState, OrganizationEvent>('organization', 'active', {
  active: { suspend: 'suspended', close: 'closed' },
  suspended: { reinstate: 'active', close: 'closed' },
  closed: {},
});
