import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { lockFreeSlots } from '../../store/free-slots.js';
import { type Reservation, reserve, reserveAtOnce } from '../../store/placement-store.js';
import type { Allowed } from './check-launches.js';

/** Where a launch goes: taken already, or locked and still to be taken. */
export interface Place {
  readonly reservation: Reservation;
  readonly isTaken: boolean;
}

/**
 * Finds places for launches, by their index. One slot is locked, for all who want one in one statement; more than one, or a
 * whole node, is planned and taken. Nothing is waited for, unless there is only one launch: then having none means that
 * there is none.
 */
export async function placeTogether(
  tx: Transaction,
  launches: readonly Allowed[],
): Promise<ReadonlyMap<number, Place>> {
  const isAlone = launches.length === 1;
  const places = new Map<number, Place>();
  const take = async ({ index, request, member }: Allowed): Promise<void> => {
    const reservation = await (isAlone ? reserve : reserveAtOnce)(tx, request, member.context.now);
    if (reservation !== null && reservation !== 'held by others') places.set(index, { reservation, isTaken: true });
  };
  // First those that write: what is locked afterwards is chosen from what they left.
  for (const launch of launches) if (launch.request.units !== 1) await take(launch);
  const ones = launches.filter(({ request }) => request.units === 1);
  const locked = await lockFreeSlots(
    tx,
    ones.map(({ request }) => request),
  );
  for (const [at, launch] of ones.entries()) {
    const reservation = locked[at] ?? null;
    if (reservation !== null) places.set(launch.index, { reservation, isTaken: false });
    else if (isAlone) await take(launch);
  }
  return places;
}
