import type { Database } from '../../../../kernel/database/database.js';
import type { Job } from '../../../../kernel/jobs/job.js';

const EVERY_MILLISECONDS = 60_000;
const BATCH = 1000;

/** Removes notices of revocation that no token and no cache can need any more. The audit log keeps what happened. */
export function forgetRevocationsJob(database: Database): Job {
  return {
    name: 'iam.forget_revocations',
    everyMilliseconds: EVERY_MILLISECONDS,
    async run() {
      const removed = await database.transaction('system', (tx) =>
        tx.execute(
          `delete from iam.revocations where (subject_id, xid) in
             (select subject_id, xid from iam.revocations where forget_at < now() order by forget_at limit ${BATCH})`,
        ),
      );
      return removed === BATCH;
    },
  };
}
