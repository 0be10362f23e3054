import type { UsageEvent } from '../contract.js';

/** Past this, a base quantity does not fit the database's 64 bits. */
const QUANTITY_MAX = 2n ** 63n - 1n;

/** What is wrong with a usage event, whatever the price; null when nothing is. */
export function faultOf(event: UsageEvent): { field: string; message: string } | null {
  if (event.id === '') return { field: 'id', message: 'A usage event needs an id.' };
  if (event.baseQuantity < 0n)
    return { field: 'baseQuantity', message: 'A quantity cannot be negative; a correction is a transfer of its own.' };
  if (event.baseQuantity > QUANTITY_MAX) return { field: 'baseQuantity', message: 'The quantity is too large.' };
  if (Number.isNaN(event.windowStart.getTime()) || Number.isNaN(event.windowEnd.getTime())) {
    return { field: 'windowStart', message: 'A window needs a start and an end.' };
  }
  if (event.windowEnd < event.windowStart)
    return { field: 'windowEnd', message: 'A window cannot end before it starts.' };
  if (event.source === 'allocation' && event.allocationId === undefined) {
    return { field: 'allocationId', message: 'Usage of an allocation names it.' };
  }
  if (event.source === 'app_runtime' && event.appInstanceId === undefined) {
    return { field: 'appInstanceId', message: 'Usage of an app runtime names the instance.' };
  }
  return null;
}
