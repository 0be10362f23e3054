import type { Kernel } from '../../../../kernel/kernel.js';
import type { Job } from '../../../../kernel/jobs/job.js';
import type { Registry } from '../../registry/index.js';
import { LAG_SECONDS_ALARM, readAuditLag } from '../store/audit-lag.js';

const COMPONENT_ID = 'evidence-audit-log';

/** Measures how far the audit log is behind, warns above the threshold, and reports the health of the log. */
export function watchAuditLag(kernel: Kernel, status: Pick<Registry, 'reportHealth'> | undefined): Job {
  const { metrics, database, logger } = kernel;
  const lag = metrics.gauge(
    'control_plane_audit_lag_seconds',
    'Age of the oldest audit record that is not in the log yet.',
    [],
  );
  const pending = metrics.gauge(
    'control_plane_audit_pending_records',
    'Audit records that are not in the log yet.',
    [],
  );
  return {
    name: 'evidence.watch_audit_lag',
    everyMilliseconds: 5000,
    async run() {
      const measured = await database.read('system', readAuditLag);
      lag.set(measured.lagSeconds);
      pending.set(measured.pendingRecords);
      const isLagging = measured.lagSeconds > LAG_SECONDS_ALARM;
      if (isLagging)
        logger.warn(
          { ...measured, alarmSeconds: LAG_SECONDS_ALARM },
          'the audit log is behind: the sequencer is stopped, or a transaction stays open',
        );
      const report = isLagging
        ? {
            componentId: COMPONENT_ID,
            health: 'degraded' as const,
            detail: `${measured.pendingRecords} records wait, the oldest for ${Math.round(measured.lagSeconds)} seconds.`,
          }
        : { componentId: COMPONENT_ID, health: 'ready' as const };
      // Refused while the packet of evidence is not registered: no fault of the log.
      if (status !== undefined) await database.transaction('system', (tx) => status.reportHealth(tx, report));
      return false;
    },
  };
}
