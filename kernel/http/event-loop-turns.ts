import { setImmediate } from 'node:timers/promises';

/** Events that a server's streams may send, together, before the event loop has its turn. */
const EVENTS_PER_TURN_MAX = 64;

/**
 * To be awaited after each event of a stream. A source that always has something ready runs in microtasks only, and then
 * no timer and no socket gets a turn: not even the message that the client has gone.
 */
export function takeTurns(): () => Promise<void> {
  let events = 0;
  return async () => {
    events += 1;
    if (events % EVENTS_PER_TURN_MAX === 0) await setImmediate();
  };
}
