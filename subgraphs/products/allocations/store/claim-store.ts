import type { Transaction } from '../../../../kernel/database/transaction.js';

export interface LiveClaims {
  readonly nodeId: string;
  readonly slots: readonly {
    readonly id: string;
    readonly slotIndex: number;
    readonly gpuPciAddress: string | null;
    readonly fabricVfPciAddress: string | null;
    readonly numaNode: number;
  }[];
}

/** What an allocation still holds; null when it holds nothing. */
export async function liveClaims(tx: Transaction, allocationId: string): Promise<LiveClaims | null> {
  type Row = LiveClaims & { readonly [column: string]: unknown };
  return tx.row<Row>(
    `select c.node_id as "nodeId", coalesce(json_agg(json_build_object('id', s.id, 'slotIndex', s.slot_index,
       'gpuPciAddress', s.gpu_pci_address, 'fabricVfPciAddress', s.fabric_vf_pci_address, 'numaNode', s.numa_node)
       order by s.slot_index) filter (where s.id is not null), '[]') as slots
     from allocations.resource_claims c left join allocations.slots s on s.id = c.slot_id
     where c.allocation_id = $1 and c.released_at is null group by c.node_id`,
    [allocationId],
  );
}

/** Marks the slots that an allocation holds; the node's free units do not change. Answers how many. */
export async function markSlots(
  tx: Transaction,
  allocationId: string,
  mark: { status: 'in_use' | 'cleaning' | 'cleanup_blocked'; reason: string | null; now: Date },
): Promise<number> {
  return tx.execute(
    `update allocations.slots s set status = $2, status_reason = $3, status_changed_at = $4
     where s.id in (select slot_id from allocations.resource_claims where allocation_id = $1 and released_at is null)
       and s.status <> 'disabled'`,
    [allocationId, mark.status, mark.reason, mark.now],
  );
}

/**
 * Gives back what an allocation holds: the claims close, the slots are available, the node has the units again. The
 * only way back into the pool. Answers how many claims were closed. The node is locked first, as placement does.
 */
export async function closeClaims(
  tx: Transaction,
  allocationId: string,
  closing: { outcome: 'cleaned' | 'verified_absent'; now: Date },
): Promise<number> {
  await tx.rows(
    `select from allocations.nodes n where n.id in
       (select node_id from allocations.resource_claims where allocation_id = $1 and released_at is null)
     order by n.id for no key update`,
    [allocationId],
  );
  const row = await tx.row<{ closed: bigint }>(
    `with closed as (
       update allocations.resource_claims set released_at = $2, outcome = $3
       where allocation_id = $1 and released_at is null returning node_id, slot_id, units
     ), freed as (
       update allocations.slots s set status = 'available', status_reason = null, status_changed_at = $2, generation = generation + 1
       where s.id in (select slot_id from closed) and s.status in ('reserved', 'in_use', 'cleaning', 'cleanup_blocked')
       returning s.id
     ), counted as (
       update allocations.nodes n set free_units = n.free_units + back.units
       from (select c.node_id, sum(c.units)::int as units from closed c
             where c.slot_id is null or c.slot_id in (select id from freed) group by c.node_id) back
       where n.id = back.node_id returning n.id
     )
     select count(*) as closed from closed`,
    [allocationId, closing.now, closing.outcome],
  );
  return Number(row?.closed ?? 0n);
}
