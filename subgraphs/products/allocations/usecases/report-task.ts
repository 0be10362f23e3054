import { z } from 'zod';
import { PLATFORM_SCOPE, type Scope } from '../../../../kernel/access/authority.js';
import { type CommandContext, type ScopeLookup, defineCommand } from '../../../../kernel/commands/command.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { taskReport } from '../../../../agent/protocol/messages.js';
import { type Connection, TASK_TYPES, type Topology } from '../../../../agent/protocol/task-types.js';
import { taskRefused } from '../domain/node-events.js';
import type { AllocationServices } from '../services.js';
import { type AllocationRecord, lockAllocation, projectScope } from '../store/allocation-record.js';
import { type TaskRow, lockTask } from '../store/task-store.js';
import { liveClaims } from '../store/claim-store.js';
import { upsertCandidates } from '../store/slot-store.js';
import { activate } from './lifecycle/activate.js';
import { cleanupAttemptFailed, completeCleanup } from './lifecycle/cleanup.js';
import { failAllocation } from './lifecycle/fail-allocation.js';

const input = taskReport.extend({ nodeId: z.string(), taskId: z.string() });
type Report = z.output<typeof input>;
type Answer = { isApplied: boolean; reason: string | null };

/**
 * A node reports what became of a task. Applied once, and only while the task is the newest about its allocation and
 * made for the node's present epoch; anything later is kept as evidence and answered with `isApplied: false`.
 */
export function createReportTask(services: AllocationServices) {
  return defineCommand({
    action: 'allocations.task.report',
    input,
    // The node acts on its own task; its request was signed with its own key, and `run` checks whose task it is.
    isSelfService: true,
    scope: (report, lookup) => taskScope(lookup, report.taskId),
    async run(context, report): Promise<Outcome<Answer>> {
      const unknown = refuse('NOT_FOUND', 'This node has no such task.');
      if (context.actor.kind !== 'node' || context.actor.id !== report.nodeId) return unknown;
      const owner = await taskOwner(context, report.taskId);
      const allocation = owner === null ? null : await lockAllocation(context.tx, owner);
      const task = await lockTask(context.tx, report.taskId, report.nodeId);
      if (task === null) return unknown;
      context.describe({ type: 'NodeTask', id: task.id }, { taskType: task.type, status: report.status });
      const lateness = latenessOf(task, allocation, report);
      if (lateness !== null) return keepAsEvidence(context, task, report, lateness);
      const result = checkedResult(task, report);
      await context.tx.execute(
        `update allocations.node_tasks set status = $2, result = $3, completed_at = $4 where id = $1`,
        [task.id, result.status, JSON.stringify(report), context.now],
      );
      await apply(context, services, { task, allocation, result });
      return accept({ isApplied: true, reason: null });
    },
  });
}

async function taskScope(lookup: ScopeLookup, taskId: string): Promise<Scope | null> {
  const row = await lookup.row<{ project_id: string | null; organization_id: string | null }>(
    `select a.project_id, a.organization_id from allocations.node_tasks t
     left join allocations.allocations a on a.id = t.allocation_id where t.id = $1`,
    [taskId],
  );
  if (row === null) return null;
  if (row.project_id === null || row.organization_id === null) return PLATFORM_SCOPE;
  return projectScope({ projectId: row.project_id, organizationId: row.organization_id });
}

async function taskOwner(context: CommandContext, taskId: string): Promise<string | null> {
  const row = await context.tx.row<{ allocation_id: string | null }>(
    'select allocation_id from allocations.node_tasks where id = $1',
    [taskId],
  );
  return row?.allocation_id ?? null;
}

/** Why a report does not count any more; null when it does. */
function latenessOf(task: TaskRow, allocation: AllocationRecord | null, report: Report): string | null {
  if (task.status === 'completed' || task.status === 'failed' || task.status === 'refused') return 'ALREADY_REPORTED';
  if (task.epoch !== task.nodeEpoch || BigInt(report.epoch) !== task.epoch) return 'STALE_EPOCH';
  if (BigInt(report.fence) !== task.fence) return 'STALE_FENCE';
  if (allocation !== null && allocation.fence > task.fence) return 'STALE_FENCE';
  return task.status === 'expired' ? 'EXPIRED' : null;
}

async function keepAsEvidence(
  context: CommandContext,
  task: TaskRow,
  report: Report,
  reason: string,
): Promise<Outcome<Answer>> {
  if (reason !== 'ALREADY_REPORTED') {
    await context.tx.execute(
      'update allocations.node_tasks set late_result = $2 where id = $1 and late_result is null',
      [task.id, JSON.stringify({ ...report, reason, receivedAt: context.now })],
    );
  }
  context.describe({ type: 'NodeTask', id: task.id }, { isApplied: false, reason });
  return accept({ isApplied: false, reason });
}

interface CheckedResult {
  readonly status: 'completed' | 'failed' | 'refused';
  readonly value: unknown;
  readonly problem: string;
}

/** A result of the wrong shape is a failure: a proof of cleanup that proves nothing must not free a slot. */
function checkedResult(task: TaskRow, report: Report): CheckedResult {
  if (report.status !== 'completed') {
    return {
      status: report.status,
      value: null,
      problem: `${report.error?.code ?? 'UNKNOWN'}: ${report.error?.message ?? ''}`,
    };
  }
  const parsed = TASK_TYPES[task.type].result.safeParse(report.result);
  if (!parsed.success)
    return { status: 'failed', value: null, problem: 'BAD_RESULT: the result is not what the task promises' };
  return { status: 'completed', value: parsed.data, problem: '' };
}

async function apply(
  context: CommandContext,
  services: AllocationServices,
  done: { task: TaskRow; allocation: AllocationRecord | null; result: CheckedResult },
): Promise<void> {
  const { task, allocation, result } = done;
  if (result.status === 'refused') {
    const data = { taskId: task.id, type: task.type, code: result.problem.split(':', 1)[0] ?? '' };
    context.emit(taskRefused, { subjectId: task.nodeId, scope: PLATFORM_SCOPE, data });
  }
  if (allocation === null) {
    if (task.type === 'slice.topology_discover' && result.status === 'completed') {
      await upsertCandidates(context, task.nodeId, result.value as Topology);
    }
    return;
  }
  const isProvision = task.type === 'slice.vm_provision' || task.type === 'allocation.provision_user';
  if (isProvision && allocation.state === 'provisioning') {
    if (result.status === 'completed') await activate(context, services, allocation, result.value as Connection);
    else await failAllocation(context, services, allocation, result.problem);
  } else if ((await liveClaims(context.tx, allocation.id)) === null) {
    // It holds nothing any more (an operator's word freed it): the answer is on record, and nothing follows.
  } else if (!isProvision && result.status === 'completed') {
    await completeCleanup(context, services, allocation, { outcome: 'cleaned', reason: null });
  } else if (!isProvision) {
    await cleanupAttemptFailed(context, services, allocation, result.problem);
  }
}
