import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { emitEvent } from '../../../../kernel/events/event-type.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { ComponentHealth, ReportedHealth } from '../domain/component-health.js';
import { componentHealthChanged } from '../domain/registry-events.js';

export interface HealthReport {
  readonly componentId: string;
  readonly health: ReportedHealth;
  readonly detail?: string;
}

const DETAIL_LENGTH_MAX = 500;

/**
 * Records an observation, by the database's clock, and tells when the health changed. An observation, not a decision:
 * it has no audit record. Needs a transaction of the system. Refuses NOT_REGISTERED for an unknown or retired component.
 */
export async function reportHealth(tx: Transaction, report: HealthReport): Promise<Outcome<null>> {
  const row = await tx.row<{ id: string; announced: ComponentHealth; now: Date }>(
    `select id, announced_health as announced, clock_timestamp() as now from registry.status_components
     where component_id = $1 and not is_retired for update`,
    [report.componentId],
  );
  if (row === null) {
    return refuse('NOT_REGISTERED', `No active product has registered the status component "${report.componentId}".`, {
      details: { family: 'status_component', id: report.componentId },
    });
  }
  const detail = report.detail?.slice(0, DETAIL_LENGTH_MAX) ?? null;
  await tx.execute(`update registry.status_components set health = $2, detail = $3, observed_at = $4 where id = $1`, [
    row.id,
    report.health,
    detail,
    row.now,
  ]);
  if (row.announced !== report.health)
    await announce(tx, {
      id: row.id,
      componentId: report.componentId,
      from: row.announced,
      to: report.health,
      detail,
      now: row.now,
    });
  return accept(null);
}

/** Tells a change of health once: the row remembers what was told last. */
export async function announce(
  tx: Transaction,
  change: {
    id: string;
    componentId: string;
    from: ComponentHealth;
    to: ComponentHealth;
    detail: string | null;
    now: Date;
  },
): Promise<void> {
  const { id, componentId, from, to, detail, now } = change;
  await tx.execute(
    'update registry.status_components set announced_health = $2, health_changed_at = $3 where id = $1',
    [id, to, now],
  );
  emitEvent(
    tx,
    componentHealthChanged,
    { subjectId: id, scope: PLATFORM_SCOPE, data: { componentId, from, to, detail } },
    { correlationId: newId('cor'), actorId: 'system', now },
  );
}
