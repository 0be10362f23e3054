import { defineLifecycle } from '../../../../../kernel/lifecycle/transition-table.js';

export type ServiceAccountState = 'active' | 'disabled' | 'deleted';
export type ServiceAccountEvent = 'disable' | 'enable' | 'delete';

/** A deleted service account stays as a row: audit records and allocations name it. */
export const serviceAccountLifecycle = defineLifecycle<ServiceAccountState, ServiceAccountEvent>(
  'service account',
  'active',
  {
    active: { disable: 'disabled', delete: 'deleted' },
    disabled: { enable: 'active', delete: 'deleted' },
    deleted: {},
  },
);
