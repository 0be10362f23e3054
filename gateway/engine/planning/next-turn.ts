import { setImmediate } from 'node:timers/promises';

/** Lets whatever waits for the event loop run first. */
export async function nextTurn(): Promise<void> {
  await setImmediate();
}
