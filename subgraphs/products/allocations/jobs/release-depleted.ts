import type { Consumer } from '../../../../kernel/jobs/job.js';
import { emitEvent } from '../../../../kernel/events/event-type.js';
import { forceReleaseRequested } from '../domain/allocation-events.js';
import { projectScope } from '../store/allocation-record.js';

const REASON = 'balance depleted';

/**
 * An organization that cannot pay loses its allocations (spec section 3). The intent is recorded here, exactly once;
 * the reconciler releases. A later top-up restarts nothing.
 */
export const releaseDepleted: Consumer = {
  name: 'allocations.release_depleted',
  types: ['billing.balance.depleted'],
  startsAt: 'now',
  async handle(tx, { event }) {
    if (event.organizationid === null) return;
    const rows = await tx.rows<{ id: string; project_id: string; organization_id: string }>(
      `update allocations.allocations set force_release_reason = $2, version = version + 1,
         release_requested_at = coalesce(release_requested_at, now()), release_requested_by = coalesce(release_requested_by, 'system')
       where organization_id = $1 and state in ('requested', 'provisioning', 'active') and force_release_reason is null
       returning id, project_id, organization_id`,
      [event.organizationid, REASON],
    );
    for (const row of rows) {
      const scope = projectScope({ projectId: row.project_id, organizationId: row.organization_id });
      const origin = { correlationId: event.correlationid, actorId: 'system', now: new Date() };
      emitEvent(tx, forceReleaseRequested, { subjectId: row.id, scope, data: { reason: REASON } }, origin);
    }
  },
};
