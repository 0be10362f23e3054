import type { Transaction } from '../../../../kernel/database/transaction.js';
import type { PlacementRequest, Reservation, ReservedSlot } from './placement-store.js';

interface LockedSlotRow extends ReservedSlot {
  readonly [column: string]: unknown;
  readonly kind: number;
  readonly nodeId: string;
  readonly epoch: bigint;
}

function kindOf({ skuId, regionId, image }: PlacementRequest): string {
  return JSON.stringify([skuId, regionId, image]);
}

/**
 * Finds a free slot for each request of one slot, fullest nodes first, and locks the nodes, without waiting for anybody
 * and without changing anything; null where none was found. {@link takeSlots} takes them, or some of them.
 */
export async function lockFreeSlots(
  tx: Transaction,
  requests: readonly PlacementRequest[],
): Promise<(Reservation | null)[]> {
  if (requests.length === 0) return [];
  const kinds = new Map<string, { request: PlacementRequest; askers: number[] }>();
  for (const [asker, request] of requests.entries()) {
    const kind = kinds.get(kindOf(request)) ?? { request, askers: [] };
    kind.askers.push(asker);
    kinds.set(kindOf(request), kind);
  }
  const wanted = [...kinds.values()];
  const rows = await tx.prepared<LockedSlotRow>(
    'allocations.lock_free_slots',
    `select kind, node_id as "nodeId", epoch, id, slot_index as "slotIndex", gpu_pci_address as "gpuPciAddress",
       fabric_vf_pci_address as "fabricVfPciAddress", numa_node as "numaNode"
     from allocations.lock_free_slots($1, $2, $3, $4)`,
    [
      wanted.map(({ request }) => request.skuId),
      wanted.map(({ request }) => request.regionId),
      wanted.map(({ request }) => request.image),
      wanted.map(({ askers }) => askers.length),
    ],
  );
  const found: (Reservation | null)[] = requests.map(() => null);
  for (const { kind, nodeId, epoch, ...slot } of rows) {
    const asker = wanted[kind - 1]?.askers.shift();
    if (asker !== undefined) found[asker] = { nodeId, epoch, units: 1, slots: [slot] };
  }
  return found;
}

/** Puts off taking slots that {@link lockFreeSlots} found to the commit. */
export function takeSlots(tx: Transaction, reservations: readonly Reservation[], now: Date): void {
  if (reservations.length === 0) return;
  tx.defer({
    name: 'allocations.take_locked_slots',
    text: 'select allocations.take_slots($1, $2, $3)',
    values: [
      reservations.flatMap(({ slots }) => slots.map((slot) => slot.id)),
      reservations.flatMap(({ slots, nodeId }) => slots.map(() => nodeId)),
      now,
    ],
  });
}
