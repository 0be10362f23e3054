import type { CommandContext } from '../../../../kernel/commands/command.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { TaskParams, TaskType } from '../../../../agent/protocol/task-types.js';
import type { TaskSigner } from '../signing/task-signer.js';

export interface TaskDraft<Type extends TaskType = TaskType> {
  readonly type: Type;
  readonly params: TaskParams<Type>;
  readonly nodeId: string;
  readonly epoch: bigint;
  readonly fence: bigint;
  readonly expiresAt: Date;
  /** Whose task it is; null for tasks about the node itself. */
  readonly owner: { readonly allocationId: string; readonly organizationId: string } | null;
}

export interface SignedTaskRow {
  readonly id: string;
  readonly signed: string;
}

/** Mints the identifier and signs; the caller stores it. */
export async function signedTask(signer: TaskSigner, draft: TaskDraft, now: Date): Promise<SignedTaskRow> {
  const id = newId('ntk');
  const signed = await signer.sign({
    taskId: id,
    nodeId: draft.nodeId,
    type: draft.type,
    params: draft.params,
    epoch: Number(draft.epoch),
    fence: Number(draft.fence),
    issuedAt: Math.floor(now.getTime() / 1000),
    expiresAt: Math.ceil(draft.expiresAt.getTime() / 1000),
  });
  return { id, signed };
}

/** Signs and queues a task in the caller's transaction. Tell the waiters after the commit. */
export async function queueTask(context: CommandContext, signer: TaskSigner, draft: TaskDraft): Promise<string> {
  const { id, signed } = await signedTask(signer, draft, context.now);
  await context.tx.execute(
    `insert into allocations.node_tasks
       (id, node_id, allocation_id, organization_id, type, epoch, fence, signed, status, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', $9, $10)`,
    [
      id,
      draft.nodeId,
      draft.owner?.allocationId ?? null,
      draft.owner?.organizationId ?? null,
      draft.type,
      draft.epoch,
      draft.fence,
      signed,
      context.now,
      draft.expiresAt,
    ],
  );
  signer.announce(context.tx, draft.nodeId);
  return id;
}

/**
 * Ends what was overtaken: an order of an older fence that no agent has reported about is never handed out again. One
 * that an agent already has is refused by it as soon as it has seen the newer one, and its report does not count.
 */
export async function supersedeTasks(tx: Transaction, allocationId: string, fence: bigint): Promise<void> {
  await tx.execute(
    `update allocations.node_tasks set status = 'expired'
     where allocation_id = $1 and fence < $2 and status in ('queued', 'dispatched')`,
    [allocationId, fence],
  );
}

export interface TaskRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly nodeId: string;
  readonly allocationId: string | null;
  readonly type: TaskType;
  readonly epoch: bigint;
  readonly fence: bigint;
  readonly status: 'queued' | 'dispatched' | 'completed' | 'failed' | 'refused' | 'expired';
  readonly nodeEpoch: bigint;
}

/** Locks a task of a node. Its allocation, if it has one, must be locked before. */
export async function lockTask(tx: Transaction, taskId: string, nodeId: string): Promise<TaskRow | null> {
  return tx.row<TaskRow>(
    `select t.id, t.node_id as "nodeId", t.allocation_id as "allocationId", t.type, t.epoch, t.fence, t.status, n.epoch as "nodeEpoch"
     from allocations.node_tasks t join allocations.nodes n on n.id = t.node_id
     where t.id = $1 and t.node_id = $2 for no key update of t`,
    [taskId, nodeId],
  );
}

/**
 * Tasks for a node: queued ones, and dispatched ones that nobody answered for a while. Delivery is at least once; the
 * agent knows what it has. Expired and overtaken ones (an older epoch) are never handed out.
 */
export async function dispatchTasks(
  tx: Transaction,
  nodeId: string,
  redeliverSeconds: number,
): Promise<SignedTaskRow[]> {
  type Row = SignedTaskRow & { readonly [column: string]: unknown };
  return tx.prepared<Row>(
    'allocations.tasks.dispatch',
    `update allocations.node_tasks t set status = 'dispatched', dispatched_at = now(), dispatches = t.dispatches + 1
     from (select p.id from allocations.node_tasks p join allocations.nodes n on n.id = p.node_id
           where p.node_id = $1 and p.status in ('queued', 'dispatched') and p.epoch = n.epoch and p.expires_at > now()
             and (p.status = 'queued' or p.dispatched_at < now() - make_interval(secs => $2))
           order by p.id limit 16 for update of p skip locked) due
     where t.id = due.id returning t.id, t.signed`,
    [nodeId, redeliverSeconds],
  );
}
