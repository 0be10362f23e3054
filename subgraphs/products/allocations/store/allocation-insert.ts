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

/** How an allocation begins: placed, with the order for its node, or waiting for capacity. */
export type Beginning =
  | { readonly reservation: Reservation; readonly task: ProvisionTask; readonly now: Date; readonly deadlineAt: Date }
  | {
      readonly reservation: null;
      readonly whyPending: WhyPending;
      readonly now: Date;
      readonly deadlineAt: Date;
      readonly nextPlacementAt: Date;
    };

/** Puts off the insertion of allocations, with the claims and the orders for the nodes of those that are placed, to the commit. */
export function insertLaunches(
  tx: Transaction,
  launches: readonly { readonly draft: AllocationDraft; readonly beginning: Beginning }[],
): void {
  const skus = new Map(launches.map(({ draft: { sku } }) => [sku.name, sku]));
  tx.defer({
    name: 'allocations.insert_launches',
    text: 'select allocations.insert_launches($1, $2, $3)',
    values: [
      JSON.stringify(launches.map(({ draft, beginning }) => ({ ...frozen(draft), ...begun(draft, beginning) }))),
      [...skus.keys()],
      [...skus.values()].map((sku) => JSON.stringify(sku)),
    ],
  });
}

/** Columns of what is frozen. */
function frozen(draft: AllocationDraft): Record<string, unknown> {
  const { project, sku } = draft;
  return {
    id: draft.id,
    organization_id: project.organizationId,
    department_id: project.departmentId,
    project_id: project.projectId,
    requested_by: draft.requestedBy,
    sku_id: draft.skuId,
    sku_name: sku.name,
    capacity_shape: sku.capacityShape,
    region_id: draft.regionId,
    gpu_count: draft.gpuCount,
    image: draft.image,
    ssh_key_ids: draft.sshKeyIds,
    ssh_public_keys: draft.sshPublicKeys,
    price_snapshot_id: draft.terms.id,
    price_snapshot: draft.terms,
    policy_snapshot: draft.policySnapshot,
    correlation_id: draft.correlationId,
  };
}

/** Columns of how it begins. */
function begun(draft: AllocationDraft, beginning: Beginning): Record<string, unknown> {
  const { now: at, deadlineAt: deadline_at } = beginning;
  if (beginning.reservation === null) {
    const units = unitsOf(draft.sku, draft.gpuCount) ?? Math.max(1, draft.gpuCount);
    const { whyPending: why_pending, nextPlacementAt: next_placement_at } = beginning;
    return { at, deadline_at, state: 'requested', units, fence: 0, next_placement_at, why_pending };
  }
  const { reservation, task } = beginning;
  const isWhole = reservation.slots.length === 0;
  return {
    at,
    deadline_at,
    state: 'provisioning',
    node_id: reservation.nodeId,
    node_epoch: Number(reservation.epoch),
    units: reservation.units,
    claim_kind: isWhole ? 'node_exclusive' : 'slot',
    slot_ids: isWhole ? [null] : reservation.slots.map((slot) => slot.id),
    fence: Number(task.fence),
    task_id: task.id,
    task_type: task.type,
    task_signed: task.signed,
  };
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
