import type { Database } from '../../../../kernel/database/database.js';
import type { Job } from '../../../../kernel/jobs/job.js';

const ORGANIZATIONS_PER_RUN = 50;

/** Gives expired holds back. Holding does so too where it looks, so this only keeps what is shown right. */
export function reclaimExpiredHolds(database: Database): Job {
  return {
    name: 'iam.reclaim_expired_holds',
    everyMilliseconds: 10_000,
    run: async () => {
      const due = await database.read('system', (tx) =>
        tx.rows<{ organization_id: string }>(
          `select distinct organization_id from iam.quota_holds where not is_committed and expires_at <= now() limit ${ORGANIZATIONS_PER_RUN}`,
        ),
      );
      for (const { organization_id: organizationId } of due) {
        await database.transaction('system', async (tx) => {
          await tx.rows('select iam.lock_quotas($1)', [organizationId]);
          await tx.rows('select iam.reclaim_quota($1, null)', [organizationId]);
        });
      }
      return due.length === ORGANIZATIONS_PER_RUN;
    },
  };
}
