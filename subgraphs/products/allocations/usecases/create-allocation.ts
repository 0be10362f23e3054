import { z } from 'zod';
import { type GroupMember, defineGroupCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type Outcome, type Refused, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { allocationEvents } from '../domain/allocation-events.js';
import { type WhyPending, explainCapacity } from '../domain/why-pending.js';
import { type AllocationServices, secondsAfter } from '../services.js';
import { type AllocationDraft, type Beginning, insertLaunches } from '../store/allocation-insert.js';
import { projectScope } from '../store/allocation-record.js';
import { takeSlots } from '../store/free-slots.js';
import { capacityFacts } from '../store/placement-store.js';
import { type Priced, checkTogether, priceTogether } from './lifecycle/check-launches.js';
import { holdMoney, holdQuota } from './lifecycle/hold.js';
import { type Place, placeTogether } from './lifecycle/place-launches.js';
import { provisionTask } from './lifecycle/provision.js';
import { Sieve } from './lifecycle/sieve.js';

export const allocationCreateInput = z.object({
  projectId: z.string(),
  sku: z.string().min(1).max(64),
  region: z.string().min(1).max(64),
  gpuCount: z.int().min(0).max(1024),
  image: z.string().min(1).max(128).optional(),
  sshKeyIds: z.array(z.string()).max(20, 'must name at most 20 keys').default([]),
  waitForCapacity: z.boolean().default(false),
  waitSeconds: z.int().min(1).max(86_400).default(3600),
  idempotencyKey,
});

type Member = GroupMember<typeof allocationCreateInput>;

/**
 * Reserves exact capacity, quota and money, and orders the runtime, all in one transaction. Refuses what is not allowed
 * (POLICY_DENIED, LIMIT_REACHED), not within quota (QUOTA_EXCEEDED), not covered (INSUFFICIENT_BALANCE,
 * BUDGET_EXCEEDED), without a price (PRICE_UNKNOWN) or not there now (CAPACITY_UNAVAILABLE, with `whyPending`).
 */
export function createCreateAllocation(services: AllocationServices) {
  return defineGroupCommand({
    action: 'allocations.allocation.create',
    input: allocationCreateInput,
    scope: async (input) => (await services.iam.directory.project(input.projectId))?.scope ?? null,
    runTogether: (tx, members) => launchTogether(tx, services, members),
  });
}

/** A launch that only its holds can stop now. */
interface Launch extends Priced {
  readonly place: Place | null;
  /** How long it may wait for capacity; 0 when it may not. */
  readonly waitSeconds: number;
  readonly draft: AllocationDraft;
}

/**
 * Everything is decided before anything is written: nodes are locked, then quota is held, then money, in the order of
 * every change that needs more than one of them, and a launch that is refused on the way leaves nothing behind. What was
 * decided is written on the way to the commit.
 */
async function launchTogether(
  tx: Transaction,
  services: AllocationServices,
  members: readonly Member[],
): Promise<readonly (Outcome<{ id: string }> | null)[]> {
  const sieve = new Sieve<{ id: string }>(members.length);
  const allowed = await checkTogether(tx, services, { sieve, members });
  const [priced, places] = await Promise.all([
    priceTogether(tx, services, { sieve, allowed }),
    placeTogether(tx, allowed),
  ]);
  const isAlone = members.length === 1;
  const wanted = priced.flatMap((launch): Launch[] => {
    const { input, context } = launch.member;
    const place = places.get(launch.index) ?? null;
    // Whether it can be had at all takes waiting for others: not here, with their locks held for everybody.
    if (place === null && !isAlone) return [];
    context.describe({ type: 'Allocation', id: launch.draft.id }, { sku: input.sku, gpuCount: input.gpuCount });
    return [{ ...launch, place, waitSeconds: input.waitForCapacity ? input.waitSeconds : 0 }];
  });
  const pending = new Map<Launch, WhyPending>();
  for (const launch of wanted) if (launch.place === null) pending.set(launch, await whyPending(tx, launch));
  const [held, orders] = await Promise.all([hold(tx, services, { sieve, wanted }), orderRuntimes(services, wanted)]);
  const beginnings = held.flatMap((launch) => {
    const beginning = orders.get(launch) ?? waiting(services, launch, pending.get(launch));
    if (beginning === null) sieve.refuse(launch.index, noCapacity(pending.get(launch)));
    return beginning === null ? [] : [{ ...launch, beginning }];
  });
  const isVain = [...places].some(([index, { isTaken }]) => isTaken && !held.some((launch) => launch.index === index));
  if (isVain && !isAlone) throw new TakenInVain();
  write(tx, services, beginnings);
  for (const { index, draft } of beginnings) sieve.accept(index, accept({ id: draft.id }));
  return sieve.verdicts;
}

/** Undoes a group in which capacity was taken for a launch that was refused: each launch is decided by itself. */
class TakenInVain extends Error {
  constructor() {
    super('capacity was taken for a launch that was refused');
  }
}

async function whyPending(tx: Transaction, { request }: Launch): Promise<WhyPending> {
  return explainCapacity(request.units, await capacityFacts(tx, request));
}

function noCapacity(why: WhyPending | undefined): Refused {
  return refuse('CAPACITY_UNAVAILABLE', `${why?.message ?? ''} Try later, elsewhere, or wait for capacity.`, {
    details: { whyPending: why },
  });
}

/** Holds quota, then money; whose money is refused has its quota back at once. */
async function hold(
  tx: Transaction,
  services: AllocationServices,
  { sieve, wanted }: { sieve: Sieve<{ id: string }>; wanted: readonly Launch[] },
): Promise<readonly Launch[]> {
  if (wanted.length === 0) return [];
  const withQuota = sieve.pass(wanted, await holdQuota(tx, services, wanted));
  if (withQuota.length === 0) return [];
  const held = sieve.pass(withQuota, await holdMoney(tx, services, withQuota));
  for (const launch of withQuota) if (!held.includes(launch)) await services.iam.quotas.release(tx, launch.draft.id);
  return held;
}

/**
 * Tells what is under way, and signs the orders for the nodes of those that have one, while their holds are asked for:
 * what a refused launch told is dropped with it.
 */
async function orderRuntimes(
  services: AllocationServices,
  launches: readonly Launch[],
): Promise<ReadonlyMap<Launch, Beginning>> {
  const orders = launches.map(async (launch): Promise<[Launch, Beginning][]> => {
    told(launch, 'requested');
    if (launch.place === null) return [];
    told(launch, 'provisioning');
    const { now } = launch.member.context;
    const { reservation } = launch.place;
    const deadlineAt = secondsAfter(now, services.timing.provisionSeconds);
    const task = await provisionTask(services, launch.draft, reservation, { deadlineAt, now, fence: 1n });
    return [[launch, { reservation, task, now, deadlineAt }]];
  });
  return new Map((await Promise.all(orders)).flat());
}

/** How a launch begins that waits for capacity; null when it may not. */
function waiting(
  services: AllocationServices,
  { waitSeconds, member }: Launch,
  why: WhyPending | undefined,
): Beginning | null {
  if (waitSeconds === 0 || why === undefined) return null;
  const { now } = member.context;
  const nextPlacementAt = secondsAfter(now, services.timing.placementRetrySeconds);
  return { reservation: null, whyPending: why, now, deadlineAt: secondsAfter(now, waitSeconds), nextPlacementAt };
}

/** Writes what was decided. */
function write(
  tx: Transaction,
  services: AllocationServices,
  launches: readonly (Launch & { readonly beginning: Beginning })[],
): void {
  if (launches.length === 0) return;
  const [first] = launches;
  const reserved = launches.flatMap(({ place }) => (place === null || place.isTaken ? [] : [place.reservation]));
  takeSlots(tx, reserved, first?.beginning.now ?? new Date());
  insertLaunches(tx, launches);
  for (const { place } of launches) if (place !== null) services.signer.announce(tx, place.reservation.nodeId);
}

function told({ member, draft }: Launch, to: 'requested' | 'provisioning'): void {
  member.context.emit(allocationEvents[to], {
    subjectId: draft.id,
    scope: projectScope(draft.project),
    data: {
      from: to === 'requested' ? null : 'requested',
      to,
      reason: null,
      skuName: draft.sku.name,
      gpuCount: draft.gpuCount,
    },
  });
}
