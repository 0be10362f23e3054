import type { Database } from '../../../../kernel/database/database.js';
import type { Job } from '../../../../kernel/jobs/job.js';
import type { LiveSnapshot } from '../store/live-snapshot.js';
import { reportHealth } from '../usecases/report-health.js';

const COMPONENT_ID = 'registry-snapshot';

/** Proves that the registry can be read. When it cannot, the job fails, reports stop, and the health becomes unknown. */
export function reportRegistryHealth(database: Database, snapshot: LiveSnapshot): Job {
  return {
    name: 'registry.report_health',
    everyMilliseconds: 20_000,
    wakeOn: ['registry.product.'],
    async run() {
      await snapshot.refresh();
      // Refused until the registry's own packet is registered: that is no fault of the job.
      await database.transaction('system', (tx) => reportHealth(tx, { componentId: COMPONENT_ID, health: 'ready' }));
      return false;
    },
  };
}
