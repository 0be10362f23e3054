import type { Transaction } from '../../../../kernel/database/transaction.js';
import type { ProjectPlace } from '../../../platform/iam/index.js';
import { type SkuTerms, unitsOf } from '../domain/sku.js';
import type { WhyPending } from '../domain/why-pending.js';
import type { ProvisionTask } from '../usecases/lifecycle/provision.js';
import type { PriceTerms } from './allocation-record.js';
import type { Reservation } from './placement-store.js';

/** Everything that is frozen when an allocation is created. */
export interface AllocationDraft {
  readonly id: string;
  readonly project: ProjectPlace;
  readonly requestedBy: string;
  readonly skuId: string;
  readonly sku: SkuTerms;
  readonly regionId: string;
  readonly gpuCount: number;
  readonly image: string;
  readonly sshKeyIds: readonly string[];
  readonly sshPublicKeys: readonly string[];
  readonly terms: PriceTerms;
  readonly policySnapshot: Readonly<Record<string, unknown>>;
  readonly correlationId: string;
}

const ALLOCATION = `
  insert into allocations.allocations
    (id, organization_id, department_id, project_id, requested_by, sku_id, sku_name, sku_snapshot, capacity_shape, region_id,
     gpu_count, image, ssh_key_ids, ssh_public_keys, price_snapshot_id, price_snapshot, policy_snapshot, correlation_id,
     created_at, state_changed_at, state_deadline_at, state, node_id, units, fence, next_placement_at, why_pending)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19, $20, $21, $22, $23, $24, $25, $26)`;

interface Standing {
  readonly state: 'requested' | 'provisioning';
  readonly now: Date;
  readonly deadlineAt: Date;
  readonly nodeId: string | null;
  readonly units: number;
  readonly fence: bigint;
  readonly nextPlacementAt: Date | null;
  readonly whyPending: WhyPending | null;
}

function values(draft: AllocationDraft, standing: Standing): unknown[] {
  const { project, sku } = draft;
  return [
    draft.id,
    project.organizationId,
    project.departmentId,
    project.projectId,
    draft.requestedBy,
    draft.skuId,
    sku.name,
    JSON.stringify(sku),
    sku.capacityShape,
    draft.regionId,
    draft.gpuCount,
    draft.image,
    draft.sshKeyIds,
    draft.sshPublicKeys,
    draft.terms.id,
    JSON.stringify(draft.terms),
    JSON.stringify(draft.policySnapshot),
    draft.correlationId,
    standing.now,
    standing.deadlineAt,
    standing.state,
    standing.nodeId,
    standing.units,
    standing.fence,
    standing.nextPlacementAt,
    standing.whyPending === null ? null : JSON.stringify(standing.whyPending),
  ];
}

/** The claims of a reservation and the order for the node; `$n` to `$n + 8` are {@link placedValues}. */
export function placedStatement(first: number): string {
  const [kind, node, epoch, slots, units, task, type, signed, now] = Array.from(
    { length: 9 },
    (_, at) => `$${first + at}`,
  );
  const [id, organization, deadline, fence] = Array.from({ length: 4 }, (_, at) => `$${first + 9 + at}`);
  return `claims as (
    insert into allocations.resource_claims
      (allocation_id, organization_id, claim_kind, node_id, node_epoch, slot_id, units, claimed_at)
    select ${id}, ${organization}, ${kind}, ${node}, ${epoch}::bigint, slot.id, case when ${kind}::text = 'slot' then 1 else ${units}::int end,
      ${now}::timestamptz
    from unnest(${slots}::text[]) as slot (id)
  )
  insert into allocations.node_tasks
    (id, node_id, allocation_id, organization_id, type, epoch, fence, signed, status, created_at, expires_at)
  values (${task}, ${node}, ${id}, ${organization}, ${type}, ${epoch}::bigint, ${fence}::bigint, ${signed}, 'queued',
    ${now}::timestamptz, ${deadline}::timestamptz)`;
}

export function placedValues(
  allocation: { id: string; organizationId: string },
  placed: { reservation: Reservation; task: ProvisionTask; now: Date; deadlineAt: Date },
): unknown[] {
  const { reservation, task } = placed;
  const isWhole = reservation.slots.length === 0;
  return [
    isWhole ? 'node_exclusive' : 'slot',
    reservation.nodeId,
    reservation.epoch,
    isWhole ? [null] : reservation.slots.map((slot) => slot.id),
    reservation.units,
    task.id,
    task.type,
    task.signed,
    placed.now,
    allocation.id,
    allocation.organizationId,
    placed.deadlineAt,
    task.fence,
  ];
}

const PLACED = `with allocation as (${ALLOCATION}), ${placedStatement(27)}`;

/** Allocation, claims and order for the node, in one statement. */
export async function insertPlaced(
  tx: Transaction,
  draft: AllocationDraft,
  placed: { reservation: Reservation; task: ProvisionTask; now: Date; deadlineAt: Date },
): Promise<void> {
  const { reservation, task, now, deadlineAt } = placed;
  const standing: Standing = {
    state: 'provisioning',
    now,
    deadlineAt,
    nodeId: reservation.nodeId,
    units: reservation.units,
    fence: task.fence,
    nextPlacementAt: null,
    whyPending: null,
  };
  const owner = { id: draft.id, organizationId: draft.project.organizationId };
  await tx.prepared('allocations.insert_placed', PLACED, [...values(draft, standing), ...placedValues(owner, placed)]);
}

/** An allocation that waits for capacity: quota and money are held, nothing is placed. */
export async function insertWaiting(
  tx: Transaction,
  draft: AllocationDraft,
  waiting: { whyPending: WhyPending; now: Date; deadlineAt: Date; nextPlacementAt: Date },
): Promise<void> {
  const units = unitsOf(draft.sku, draft.gpuCount) ?? Math.max(1, draft.gpuCount);
  await tx.execute(ALLOCATION, values(draft, { ...waiting, state: 'requested', nodeId: null, units, fence: 0n }));
}
