import type { Database } from '../../../../kernel/database/database.js';
import type { Job } from '../../../../kernel/jobs/job.js';
import type { ComponentHealth } from '../domain/component-health.js';
import { announce } from '../usecases/report-health.js';

const BATCH = 100;

interface StaleRow extends Record<string, unknown> {
  readonly id: string;
  readonly componentId: string;
  readonly announced: ComponentHealth;
  readonly now: Date;
}

/** Tells that a component's health is unknown once its last observation is older than its freshness. */
export function announceStaleHealth(database: Database): Job {
  return {
    name: 'registry.announce_stale_health',
    everyMilliseconds: 1000,
    async run() {
      return database.transaction('system', async (tx) => {
        const stale = await tx.rows<StaleRow>(
          `select id, component_id as "componentId", announced_health as announced, clock_timestamp() as now
           from registry.status_components
           where announced_health <> 'unknown' and (is_retired or observed_at < now() - make_interval(secs => freshness_seconds))
           order by id limit ${BATCH} for update skip locked`,
        );
        for (const row of stale) {
          const detail = 'No observation arrived within the freshness of the component.';
          await announce(tx, {
            id: row.id,
            componentId: row.componentId,
            from: row.announced,
            to: 'unknown',
            detail,
            now: row.now,
          });
        }
        return stale.length === BATCH;
      });
    },
  };
}
