import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type CandidateNode, type Placement, rankPlacements } from '../domain/placement.js';
import type { NodeFacts } from '../domain/why-pending.js';

export interface PlacementRequest {
  readonly skuId: string;
  readonly regionId: string;
  /** Slots wanted on one node, or null for a whole node. */
  readonly units: number | null;
  readonly image: string;
}

export interface ReservedSlot {
  readonly id: string;
  readonly slotIndex: number;
  readonly gpuPciAddress: string | null;
  readonly fabricVfPciAddress: string | null;
  readonly numaNode: number;
}

/** Exact capacity, taken: nobody else can have it until it is given back. */
export interface Reservation {
  readonly nodeId: string;
  readonly epoch: bigint;
  /** Units taken: the number of slots, or all of the node's. */
  readonly units: number;
  readonly slots: readonly ReservedSlot[];
}

const CANDIDATES_MAX = 16;

const SCHEDULES = `n.state = 'active' and n.scheduling = 'ELIGIBLE' and n.connectivity = 'CONNECTED' and n.health <> 'UNHEALTHY'`;
const FITS = (units: string): string =>
  `case when ${units}::int is null then n.free_units = n.total_units and n.total_units > 0 else n.free_units >= ${units} end`;

const CANDIDATES = `
  select n.id, n.free_units as "freeUnits", n.total_units as "totalUnits",
    (select coalesce(json_agg(json_build_object('id', s.id, 'index', s.slot_index, 'numaNode', s.numa_node)), '[]')
     from allocations.slots s where s.node_id = n.id and s.status = 'available') as slots
  from allocations.nodes n
  where n.sku_id = $1 and n.region_id = $2 and ${SCHEDULES} and ${FITS('$3')} and $4 = any (n.images)
    and ($5::text is null or n.id = $5)
  order by n.free_units, n.id limit ${CANDIDATES_MAX}`;

type CandidateRow = CandidateNode & { readonly [column: string]: unknown };

async function candidates(tx: Transaction, request: PlacementRequest, nodeId: string | null): Promise<CandidateRow[]> {
  return tx.prepared<CandidateRow>('allocations.candidates', CANDIDATES, [
    request.skuId,
    request.regionId,
    request.units,
    request.image,
    nodeId,
  ]);
}

/** Where it would fit now, best first; takes nothing. */
export async function plan(tx: Transaction, request: PlacementRequest): Promise<Placement[]> {
  return rankPlacements(request.units, await candidates(tx, request, null));
}

// Locks the best of the planned nodes that nobody else is placing on, then takes exactly the planned slots if all of
// them are still free: one set-based change whose count must be the size of the request, or nothing changes.
const TAKE_SLOTS = `
  with chosen as (
    select n.id, n.epoch, planned.slot_ids from unnest($1::text[], $2::text[]) with ordinality as planned (node_id, slot_ids, rank)
    join allocations.nodes n on n.id = planned.node_id
    where ${SCHEDULES} and n.free_units >= $3
    order by planned.rank limit 1 for no key update of n skip locked
  ), free as (
    select s.id from chosen cross join unnest(string_to_array(chosen.slot_ids, ',')) as planned (id)
    join allocations.slots s on s.id = planned.id
    where s.status = 'available'
    order by s.id for no key update of s
  ), taken as (
    update allocations.slots s set status = 'reserved', status_reason = null, status_changed_at = $4, generation = generation + 1
    where s.id in (select id from free) and (select count(*) from free) = $3
    returning s.id, s.slot_index, s.gpu_pci_address, s.fabric_vf_pci_address, s.numa_node
  ), counted as (
    update allocations.nodes n set free_units = free_units - $3
    where n.id = (select id from chosen) and (select count(*) from taken) = $3
    returning n.id
  )
  select chosen.id as "nodeId", chosen.epoch, (select count(*) from counted)::int as counted,
    (select coalesce(json_agg(json_build_object('id', id, 'slotIndex', slot_index, 'gpuPciAddress', gpu_pci_address,
      'fabricVfPciAddress', fabric_vf_pci_address, 'numaNode', numa_node) order by slot_index), '[]') from taken) as slots
  from chosen`;

// One slot is in one NUMA domain whichever it is, so the fullest node is the best, and of its domains the one with the
// fewest free slots: there is nothing to plan before the node is locked, and so nothing that others can take meanwhile.
const TAKE_ONE = `
  with chosen as (
    select n.id, n.epoch from allocations.nodes n
    where n.sku_id = $1 and n.region_id = $2 and ${SCHEDULES} and n.free_units >= 1 and $3 = any (n.images)
    order by n.free_units, n.id limit 1 for no key update of n skip locked
  ), free as (
    select s.id from allocations.slots s join (
      select numa_node, count(*) as free from allocations.slots
      where node_id = (select id from chosen) and status = 'available' group by numa_node
    ) domain on domain.numa_node = s.numa_node
    where s.node_id = (select id from chosen) and s.status = 'available'
    order by domain.free, s.numa_node, s.slot_index limit 1 for no key update of s
  ), taken as (
    update allocations.slots s set status = 'reserved', status_reason = null, status_changed_at = $4, generation = generation + 1
    where s.id = (select id from free)
    returning s.id, s.slot_index, s.gpu_pci_address, s.fabric_vf_pci_address, s.numa_node
  ), counted as (
    update allocations.nodes n set free_units = free_units - 1
    where n.id = (select id from chosen) and exists (select from taken)
    returning n.id
  )
  select chosen.id as "nodeId", chosen.epoch, (select count(*) from counted)::int as counted,
    (select coalesce(json_agg(json_build_object('id', id, 'slotIndex', slot_index, 'gpuPciAddress', gpu_pci_address,
      'fabricVfPciAddress', fabric_vf_pci_address, 'numaNode', numa_node)), '[]') from taken) as slots
  from chosen`;

const TAKE_NODE = `
  with chosen as (
    select n.id, n.epoch, n.total_units from unnest($1::text[]) with ordinality as planned (node_id, rank)
    join allocations.nodes n on n.id = planned.node_id
    where ${SCHEDULES} and n.free_units = n.total_units and n.total_units > 0
    order by planned.rank limit 1 for no key update of n skip locked
  ), counted as (
    update allocations.nodes n set free_units = 0 where n.id = (select id from chosen) and n.free_units = n.total_units
    returning n.total_units
  )
  select chosen.id as "nodeId", chosen.epoch, coalesce((select total_units from counted), 0) as counted, '[]'::json as slots
  from chosen`;

interface TakenRow {
  readonly [column: string]: unknown;
  readonly nodeId: string;
  readonly epoch: bigint;
  readonly counted: number;
  readonly slots: ReservedSlot[];
}

async function take(
  tx: Transaction,
  units: number | null,
  choices: readonly Placement[],
  now: Date,
): Promise<TakenRow | null> {
  const nodeIds = choices.map((choice) => choice.nodeId);
  const rows =
    units === null
      ? await tx.prepared<TakenRow>('allocations.take_node', TAKE_NODE, [nodeIds])
      : await tx.prepared<TakenRow>('allocations.take_slots', TAKE_SLOTS, [
          nodeIds,
          choices.map((choice) => choice.slotIds.join(',')),
          units,
          now,
        ]);
  return rows[0] ?? null;
}

async function takeOne(tx: Transaction, request: PlacementRequest, now: Date): Promise<TakenRow | null> {
  const values = [request.skuId, request.regionId, request.image, now];
  const [row] = await tx.prepared<TakenRow>('allocations.take_one', TAKE_ONE, values);
  return row ?? null;
}

function toReservation(taken: TakenRow, units: number | null): Reservation {
  return { nodeId: taken.nodeId, epoch: taken.epoch, units: units ?? taken.counted, slots: taken.slots };
}

const LOCK_ONE = `
  select n.id from allocations.nodes n
  where n.sku_id = $1 and n.region_id = $2 and ${SCHEDULES} and ${FITS('$3')} and $4 = any (n.images)`;

/** Waits for a node that others hold, before every node that fits is locked in order. */
const WAITS_MAX = 6;

/**
 * Takes exact capacity for a request, or answers null when nothing fits. First the best, planned or at once, without
 * waiting for others; then any node that fits and is not held; then it waits, for one node at a time and holding none,
 * so that customers do not queue up behind each other; at last for all that fit, in the order of their identifiers.
 */
export async function reserve(tx: Transaction, request: PlacementRequest, now: Date): Promise<Reservation | null> {
  const one = request.units === 1 ? await takeOne(tx, request, now) : null;
  if (one !== null && one.counted > 0) return toReservation(one, request.units);
  if (one !== null) return takeOn(tx, request, one.nodeId, now);
  const atOnce = await reserveAtOnce(tx, request, now);
  if (atOnce !== 'held by others') return atOnce;
  const locked = await lockOne(tx, request);
  return locked === null ? reserveLast(tx, request, now) : takeOn(tx, request, locked, now);
}

/** Takes the best that nobody else is placing on, and waits for nobody; null when nothing fits. */
export async function reserveAtOnce(
  tx: Transaction,
  request: PlacementRequest,
  now: Date,
): Promise<Reservation | null | 'held by others'> {
  const choices = await plan(tx, request);
  if (choices.length === 0) return null;
  const taken = await take(tx, request.units, choices, now);
  if (taken === null) return 'held by others';
  // A node whose planned slots went meanwhile is ours now and still has enough: plan again on it alone.
  return taken.counted > 0 ? toReservation(taken, request.units) : takeOn(tx, request, taken.nodeId, now);
}

async function lockOne(tx: Transaction, request: PlacementRequest): Promise<string | null> {
  const values = [request.skuId, request.regionId, request.units, request.image];
  type Row = { id: string };
  const tail = 'order by n.free_units, n.id limit 1 for no key update skip locked';
  const [free] = await tx.prepared<Row>('allocations.lock_free', `${LOCK_ONE} ${tail}`, values);
  if (free !== undefined) return free.id;
  for (let wait = 0; wait < WAITS_MAX; wait += 1) {
    const awaited = 'order by random() limit 1 for no key update';
    const [waited] = await tx.prepared<Row>('allocations.lock_waiting', `${LOCK_ONE} ${awaited}`, values);
    if (waited !== undefined) return waited.id;
  }
  return null;
}

/** On one node that is locked and fits. */
async function takeOn(
  tx: Transaction,
  request: PlacementRequest,
  nodeId: string,
  now: Date,
): Promise<Reservation | null> {
  const choices = rankPlacements(request.units, await candidates(tx, request, nodeId));
  const taken = choices.length === 0 ? null : await take(tx, request.units, choices, now);
  return taken === null || taken.counted === 0 ? null : toReservation(taken, request.units);
}

async function reserveLast(tx: Transaction, request: PlacementRequest, now: Date): Promise<Reservation | null> {
  const { skuId, regionId, units, image } = request;
  await tx.rows(`${LOCK_ONE} order by n.id limit ${CANDIDATES_MAX} for no key update`, [skuId, regionId, units, image]);
  const choices = await plan(tx, request);
  const taken = choices.length === 0 ? null : await take(tx, units, choices, now);
  return taken === null || taken.counted === 0 ? null : toReservation(taken, units);
}

/** Every node of the SKU and region, schedulable or not: for the explanation only. */
export async function capacityFacts(tx: Transaction, request: PlacementRequest): Promise<NodeFacts[]> {
  type Row = NodeFacts & { readonly [column: string]: unknown };
  return tx.rows<Row>(
    `select n.state, n.scheduling, n.health, n.connectivity, n.total_units as "totalUnits", n.free_units as "freeUnits",
       $3 = any (n.images) as "hasImage",
       count(s.id) filter (where s.status = 'candidate')::int as "unreadySlots",
       count(s.id) filter (where s.status = 'cleanup_blocked')::int as "blockedSlots"
     from allocations.nodes n left join allocations.slots s on s.node_id = n.id
     where n.sku_id = $1 and n.region_id = $2 and n.state not in ('retired', 'removing', 'deleted')
     group by n.id order by n.id limit 1000`,
    [request.skuId, request.regionId, request.image],
  );
}
