import { systemActor } from '../../../../kernel/access/actor.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { Consumer, Job } from '../../../../kernel/jobs/job.js';
import type { Kernel } from '../../../../kernel/kernel.js';
import type { Registry } from '../../../platform/registry/index.js';
import type { AppsCommands } from '../usecases/apps-commands.js';
import type { AppsServices } from '../usecases/apps-services.js';

const BATCH = 100;
const EVERY_MILLISECONDS = {
  lapse: 1000,
  deadline: 2000,
  controller: 5000,
  meter: 5000,
  allocation: 15_000,
  health: 20_000,
};

export interface JobDependencies {
  readonly kernel: Kernel;
  readonly commands: AppsCommands;
  readonly services: AppsServices;
  readonly registry: Pick<Registry, 'reportHealth'>;
  readonly usageWindowSeconds: number;
}

interface Found {
  readonly [column: string]: unknown;
  readonly id: string;
}

/** Reconcilers: each compares what is with what should be, and runs one audited command per difference. */
export function appsJobs(dependencies: JobDependencies): Job[] {
  return [
    lapseJob(dependencies),
    deadlineJob(dependencies),
    controllerJob(dependencies),
    meterJob(dependencies),
    allocationJob(dependencies),
    healthJob(dependencies),
  ];
}

async function find<Row extends Found>(
  dependencies: JobDependencies,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  return dependencies.kernel.database.read('system', (tx) => tx.rows<Row>(text, values));
}

/** Runs a step for each of a batch. One that fails does not hold up the others; the next run meets it again. */
async function each<Row extends Found>(
  dependencies: JobDependencies,
  rows: readonly Row[],
  step: (row: Row) => Promise<unknown>,
): Promise<boolean> {
  let failures = 0;
  for (const row of rows) {
    try {
      await step(row);
    } catch (error) {
      failures += 1;
      dependencies.kernel.logger.error(
        { err: error, id: row.id },
        'a step of an apps reconciler failed and will be tried again',
      );
    }
  }
  return rows.length === BATCH && failures === 0;
}

function asSystem(component: string): { actor: ReturnType<typeof systemActor>; correlationId: string } {
  return { actor: systemActor(`apps.${component}`), correlationId: newId('cor') };
}

function lapseJob(dependencies: JobDependencies): Job {
  return {
    name: 'apps.work_item.lapse',
    everyMilliseconds: EVERY_MILLISECONDS.lapse,
    async run() {
      const rows = await find(
        dependencies,
        `select id from apps.work_items where state = 'leased' and lease_expires_at <= clock_timestamp() order by lease_expires_at limit ${BATCH}`,
        [],
      );
      const { kernel, commands } = dependencies;
      return each(dependencies, rows, ({ id }) =>
        kernel.pipeline.execute(commands.lapse, { workItemId: id }, asSystem('lease_keeper')),
      );
    },
  };
}

function deadlineJob(dependencies: JobDependencies): Job {
  return {
    name: 'apps.instance.enforce_deadline',
    everyMilliseconds: EVERY_MILLISECONDS.deadline,
    async run() {
      const rows = await find(
        dependencies,
        `select id from apps.instances where state_deadline_at <= now() order by state_deadline_at limit ${BATCH}`,
        [],
      );
      const { kernel, commands } = dependencies;
      return each(dependencies, rows, ({ id }) =>
        kernel.pipeline.execute(commands.enforceDeadline, { id }, asSystem('reconciler')),
      );
    },
  };
}

/** ControllerReachable follows the queue: True while it is asked, Unknown when nobody has asked for a while. */
function controllerJob(dependencies: JobDependencies): Job {
  return {
    name: 'apps.instance.observe_controller',
    everyMilliseconds: EVERY_MILLISECONDS.controller,
    async run() {
      const seconds = dependencies.services.timings.controllerSilentSeconds;
      const rows = await find<Found & { isReachable: boolean }>(
        dependencies,
        `select * from (
           select i.id, c.status, c.reason, coalesce(q.polled_at > clock_timestamp() - make_interval(secs => $1), false) as "isReachable",
             i.created_at < clock_timestamp() - make_interval(secs => $1) as "isOld"
           from apps.instances i
           join apps.conditions c on c.instance_id = i.id and c.type = 'ControllerReachable'
           left join apps.queues q on q.project_id = i.project_id and q.app_slug = i.app_slug
           where i.state <> 'decommissioned') seen
         where ("isReachable" and status <> 'True') or (not "isReachable" and "isOld" and reason <> 'NoWorker')
         order by id limit ${BATCH}`,
        [seconds],
      );
      const { kernel, commands } = dependencies;
      return each(dependencies, rows, ({ id, isReachable }) =>
        kernel.pipeline.execute(commands.observeController, { id, isReachable }, asSystem('observer')),
      );
    },
  };
}

function meterJob(dependencies: JobDependencies): Job {
  const { usageWindowSeconds } = dependencies;
  return {
    name: 'apps.instance.meter',
    everyMilliseconds: Math.min(EVERY_MILLISECONDS.meter, usageWindowSeconds * 1000),
    async run() {
      const rows = await find(
        dependencies,
        `select id from apps.instances where metered_until <= now() - make_interval(secs => $1) order by metered_until limit ${BATCH}`,
        [usageWindowSeconds],
      );
      const { kernel, commands } = dependencies;
      return each(dependencies, rows, ({ id }) => kernel.pipeline.execute(commands.meter, { id }, asSystem('meter')));
    },
  };
}

/** The backstop of {@link allocationConsumer}: a launch that committed just after its allocation had ended is found here. */
function allocationJob(dependencies: JobDependencies): Job {
  let after = '';
  return {
    name: 'apps.instance.follow_allocation',
    everyMilliseconds: EVERY_MILLISECONDS.allocation,
    async run() {
      const rows = await find<Found & { allocationId: string }>(
        dependencies,
        `select id, allocation_id as "allocationId" from apps.instances
         where state not in ('decommissioning', 'decommissioned', 'decommission_failed') and id > $1 order by id limit ${BATCH}`,
        [after],
      );
      after = rows.length === BATCH ? (rows.at(-1)?.id ?? '') : '';
      return each(dependencies, rows, (row) => followAllocation(dependencies, row));
    },
  };
}

async function followAllocation(
  dependencies: JobDependencies,
  row: { id: string; allocationId: string },
): Promise<void> {
  const { kernel, commands, services } = dependencies;
  const allocation = await kernel.database.read('system', (tx) => services.allocations.find(tx, row.allocationId));
  if (allocation?.state === 'active') return;
  const reason = `Its allocation is ${allocation?.state ?? 'gone'}.`;
  await kernel.pipeline.execute(commands.decommission, { id: row.id, reason }, asSystem('allocation_follower'));
}

/** When an allocation ends, what runs on it goes too. */
export function allocationConsumer(dependencies: JobDependencies): Consumer {
  return {
    name: 'apps.instance.follow_allocation',
    types: ['allocations.allocation.'],
    async handle(tx: Transaction, entry) {
      const allocationId = entry.event.subject;
      const rows = await tx.rows<Found>(
        `select id from apps.instances where allocation_id = $1 and state not in ('decommissioning', 'decommissioned', 'decommission_failed') order by id`,
        [allocationId],
      );
      for (const { id } of rows) await followAllocation(dependencies, { id, allocationId });
    },
  };
}

function healthJob(dependencies: JobDependencies): Job {
  return {
    name: 'apps.status.report',
    everyMilliseconds: EVERY_MILLISECONDS.health,
    async run() {
      await dependencies.kernel.database.transaction('system', async (tx) => {
        await dependencies.registry.reportHealth(tx, { componentId: 'apps_control_plane', health: 'ready' });
        const stalled = await tx.row<{ count: bigint }>(
          `select count(*) as count from apps.conditions where type = 'Stalled' and status = 'True'`,
        );
        const count = Number(stalled?.count ?? 0n);
        const detail = count === 0 ? 'No work is stalled.' : `${count} instances are stalled.`;
        await dependencies.registry.reportHealth(tx, {
          componentId: 'apps_workers',
          health: count === 0 ? 'ready' : 'degraded',
          detail,
        });
      });
      return false;
    },
  };
}
