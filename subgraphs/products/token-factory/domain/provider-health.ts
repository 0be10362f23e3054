import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export type ProviderHealth = 'healthy' | 'degraded' | 'down';
export type ProviderHealthEvent = 'recover' | 'degrade' | 'fail';

/** What gateways observe of a provider. Nobody sets it; it follows from the outcomes of calls. */
export const providerHealthLifecycle = defineLifecycle<ProviderHealth, ProviderHealthEvent>(
  'provider health',
  'healthy',
  {
    healthy: { degrade: 'degraded', fail: 'down' },
    degraded: { recover: 'healthy', fail: 'down' },
    down: { recover: 'healthy', degrade: 'degraded' },
  },
);

export const healthEventTo: Readonly<Record<ProviderHealth, ProviderHealthEvent>> = {
  healthy: 'recover',
  degraded: 'degrade',
  down: 'fail',
};
