import type { Actor } from '../../../../kernel/access/actor.js';
import type { CommandResult } from '../../../../kernel/commands/command.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { createReportTask } from '../usecases/report-task.js';
import type { AllocationWorld } from './allocation-world.js';

export interface TaskFacts {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly nodeId: string;
  readonly type: string;
  readonly status: string;
  readonly epoch: bigint;
  readonly fence: bigint;
  readonly lateResult: { reason: string } | null;
}

const PROOF = { runtimeAbsent: true, isWiped: true, evidenceDigest: `sha256:${'0'.repeat(64)}` };

/** All tasks of an allocation, oldest first. */
export async function tasksOf(world: AllocationWorld, allocationId: string): Promise<TaskFacts[]> {
  return world.test.kernel.database.read('system', (tx) =>
    tx.rows<TaskFacts>(
      `select id, node_id as "nodeId", type, status, epoch, fence, late_result as "lateResult"
       from allocations.node_tasks where allocation_id = $1 order by fence, id`,
      [allocationId],
    ),
  );
}

/** Answers a task in the agent's stead: as done (with what the type promises), or as failed. */
export async function answerTask(
  world: AllocationWorld,
  task: TaskFacts,
  how: 'done' | 'failed' | { result: Record<string, unknown> } = 'done',
  overrides: { epoch?: number; fence?: number; actor?: Actor } = {},
): Promise<CommandResult<{ isApplied: boolean; reason: string | null }>> {
  const isProvision = task.type === 'slice.vm_provision' || task.type === 'allocation.provision_user';
  const promised = isProvision ? { host: 'node.internal', port: 22_000, user: 'tenant' } : PROOF;
  const outcome =
    how === 'failed'
      ? { status: 'failed', error: { code: 'SIMULATED', message: 'it failed' } }
      : { status: 'completed', result: how === 'done' ? promised : how.result };
  const { actor, ...numbers } = overrides;
  const node: Actor = { kind: 'node', id: task.nodeId, displayName: 'node', organizationIds: '*', assurance: 0 };
  return world.services.pipeline.execute(
    createReportTask(world.services),
    {
      nodeId: actor?.id ?? task.nodeId,
      taskId: task.id,
      epoch: Number(task.epoch),
      fence: Number(task.fence),
      ...outcome,
      ...numbers,
    },
    { actor: actor ?? node, correlationId: newId('cor') },
  );
}

/** Answers the newest task of an allocation. */
export async function answerNewest(
  world: AllocationWorld,
  allocationId: string,
  how: Parameters<typeof answerTask>[2] = 'done',
): Promise<void> {
  const task = (await tasksOf(world, allocationId)).at(-1);
  if (task === undefined) throw new Error(`allocation ${allocationId} has no task`);
  const result = await answerTask(world, task, how);
  if (!result.ok || !result.value.isApplied) throw new Error(`the report was not applied: ${JSON.stringify(result)}`);
}
