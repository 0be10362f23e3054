import type { Job } from '../../../../kernel/jobs/job.js';
import { type Connectivity, type Health, type NodeState, connectivityOf } from '../domain/node-lifecycle.js';
import type { AllocationServices } from '../services.js';
import { consequence, type observeNode } from '../usecases/observe-node.js';
import { DueWork } from './due-work.js';

interface WatchedRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly state: NodeState;
  readonly connectivity: Connectivity;
  readonly health: Health;
  readonly stateDeadlineAt: Date | null;
  readonly heardSeconds: number | null;
  readonly polledSeconds: number | null;
  readonly reportedHealth: Health | null;
  readonly healthDetail: string | null;
}

const WATCHED = `
  select n.id, n.state, n.connectivity, n.health, n.state_deadline_at as "stateDeadlineAt",
    extract(epoch from now() - h.heard_at)::float8 as "heardSeconds",
    extract(epoch from now() - h.polled_at)::float8 as "polledSeconds",
    h.health as "reportedHealth", h.health_detail as "healthDetail"
  from allocations.nodes n left join allocations.node_heartbeats h on h.node_id = n.id
  where n.state in ('enrolling', 'active', 'offline', 'quarantined', 'draining') limit 50000`;

const HEALTH_REPORT_MILLISECONDS = 10_000;
const BADNESS: Readonly<Record<Connectivity, number>> = { CONNECTED: 0, STALE: 1, LOST: 2 };

/** Compares signs of life with what is written down of each node, and has only the differences written. */
export function watchNodes(services: AllocationServices, observe: typeof observeNode): Job {
  const work = new DueWork(services, 'allocations.node_watcher');
  const { staleSeconds, lostSeconds } = services.timing;
  let startedAt = 0;
  let reportedAt = 0;
  return {
    name: 'allocations.watch_nodes',
    everyMilliseconds: Math.min(1000, services.timing.reconcileMilliseconds),
    async run(signal) {
      startedAt ||= Date.now();
      const rows = await services.database.read('system', (tx) =>
        tx.prepared<WatchedRow>('allocations.nodes.watched', WATCHED, []),
      );
      // Right after a start, silence may be ours: nobody is declared worse before a node had the time to be heard.
      const mayWorsen = Date.now() - startedAt > lostSeconds * 1000;
      const seen = rows.map((row) => observed(row, { staleSeconds, lostSeconds, mayWorsen }));
      const changed = seen.filter((node) => node.isChanged).map(({ isChanged: _isChanged, ...input }) => input);
      const ready = new Set(work.ready(changed.map((input) => input.id)));
      await work.run(
        observe,
        changed.filter((input) => ready.has(input.id)),
        signal,
      );
      if (Date.now() - reportedAt > HEALTH_REPORT_MILLISECONDS) {
        reportedAt = Date.now();
        await reportFleet(services, seen);
      }
      return false;
    },
  };
}

interface Observed {
  readonly id: string;
  readonly connectivity: Connectivity;
  readonly health: Health;
  readonly healthDetail: string | null;
  readonly isChanged: boolean;
}

function observed(
  row: WatchedRow,
  options: { staleSeconds: number; lostSeconds: number; mayWorsen: boolean },
): Observed {
  const signs = { heartbeatAgeSeconds: row.heardSeconds ?? Infinity, pollAgeSeconds: row.polledSeconds ?? Infinity };
  const derived = connectivityOf(signs, options);
  const isWorse = BADNESS[derived] > BADNESS[row.connectivity];
  const connectivity = isWorse && !options.mayWorsen ? row.connectivity : derived;
  // What a node said of itself counts only while it is heard.
  const health = connectivity === 'CONNECTED' ? (row.reportedHealth ?? row.health) : row.health;
  const after = { state: row.state, connectivity, health, stateDeadlineAt: row.stateDeadlineAt };
  const isChanged =
    connectivity !== row.connectivity || health !== row.health || consequence(after, new Date()) !== null;
  return { id: row.id, connectivity, health, healthDetail: row.healthDetail, isChanged };
}

async function reportFleet(services: AllocationServices, nodes: readonly Observed[]): Promise<void> {
  const lost = nodes.filter((node) => node.connectivity === 'LOST').length;
  const health = lost === 0 ? 'ready' : lost < nodes.length ? 'degraded' : 'unavailable';
  const detail = `${nodes.length - lost} of ${nodes.length} nodes are connected`;
  await services.database.transaction('system', (tx) =>
    services.registry.reportHealth(tx, { componentId: 'allocations_fleet', health, detail }),
  );
}
