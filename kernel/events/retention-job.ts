import type { Database } from '../database/database.js';
import type { Job } from '../jobs/job.js';

const BATCH = 5000;

/** Removes events older than the retention, oldest first; the first kept position rises in the same transaction. */
export function retentionJob(database: Database, retentionSeconds: number): Job {
  return {
    name: 'kernel.retention',
    everyMilliseconds: 60_000,
    async run() {
      return database.transaction('system', async (tx) => {
        await tx.rows(`select from kernel.log_heads where log = 'events' for update`);
        const removed = await tx.execute(
          `delete from kernel.event_log where position in (
             select position from kernel.event_log where occurred_at < now() - make_interval(secs => $1)
             order by position limit ${BATCH})`,
          [retentionSeconds],
        );
        if (removed > 0) {
          await tx.execute(
            `update kernel.log_heads set first_kept_position =
               coalesce((select min(position) from kernel.event_log), last_position + 1) where log = 'events'`,
          );
        }
        await tx.execute(`delete from kernel.idempotency where created_at < now() - interval '7 days'`);
        return removed === BATCH;
      });
    },
  };
}
