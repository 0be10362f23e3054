import { ANONYMOUS } from '../../../../kernel/access/actor.js';
import { type Authority, PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import type { Database } from '../../../../kernel/database/database.js';
import type { Job } from '../../../../kernel/jobs/job.js';
import type { Registry } from '../../registry/index.js';

const COMPONENT_ID = 'iam';
const PERMISSION = 'iam.organization.read';

/** Proves that access is decided on fresh data. When it cannot even run, reports stop and the health becomes unknown. */
export function reportAccessHealth(deps: {
  database: Database;
  authority: Pick<Authority, 'decide'>;
  registry: Pick<Registry, 'reportHealth'>;
}): Job {
  return {
    name: 'iam.report_health',
    everyMilliseconds: 20_000,
    async run() {
      const { isAllowed, reason } = await deps.authority.decide(ANONYMOUS, PERMISSION, PLATFORM_SCOPE);
      // Nobody's request must be denied, and for want of a binding: not for want of data.
      const isWell = !isAllowed && reason !== 'STALE_DATA';
      await deps.database.transaction('system', (tx) =>
        deps.registry.reportHealth(tx, {
          componentId: COMPONENT_ID,
          health: isWell ? 'ready' : 'unavailable',
          ...(isWell ? {} : { detail: `A request of nobody was answered with ${reason}.` }),
        }),
      );
      return false;
    },
  };
}
