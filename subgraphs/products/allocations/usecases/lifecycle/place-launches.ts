import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { lockFreeSlots } from '../../store/free-slots.js';
import { type Reservation, reserve, reserveAtOnce } from '../../store/placement-store.js';
import type { Checked } from './check-launches.js';

/** Where a launch goes: taken already, or locked and still to be taken. */
export interface Place {
  readonly reservation: Reservation;
  readonly isTaken: boolean;
}

/**
 * Finds a place for each launch, or null. One slot is locked, for all who want one in one statement; more than one, or a
 * whole node, is planned and taken. Nothing is waited for, unless there is only one launch: then null means that there
 * is none.
 */
export async function placeTogether(tx: Transaction, launches: readonly Checked[]): Promise<(Place | null)[]> {
  const isAlone = launches.length === 1;
  const places: (Place | null)[] = launches.map(() => null);
  const take = async ({ request, member }: Checked): Promise<Place | null> => {
    const reservation = await (isAlone ? reserve : reserveAtOnce)(tx, request, member.context.now);
    return reservation === null || reservation === 'held by others' ? null : { reservation, isTaken: true };
  };
  // First those that write: what is locked afterwards is chosen from what they left.
  for (const [at, launch] of launches.entries()) if (launch.request.units !== 1) places[at] = await take(launch);
  const ones = launches.flatMap(({ request }, at) => (request.units === 1 ? [{ request, at }] : []));
  const locked = await lockFreeSlots(
    tx,
    ones.map(({ request }) => request),
  );
  for (const [index, { at }] of ones.entries()) {
    const [reservation, launch] = [locked[index] ?? null, launches[at]];
    if (reservation !== null) places[at] = { reservation, isTaken: false };
    else if (isAlone && launch !== undefined) places[at] = await take(launch);
  }
  return places;
}
