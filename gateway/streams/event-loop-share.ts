import { setImmediate } from 'node:timers/promises';

/** How long streams may keep one turn of the event loop, together. */
const TURN_MILLISECONDS_MAX = 5;

/**
 * Keeps streams from starving everything else. A source that always has something ready runs in microtasks, and those
 * never let the event loop turn: no timer, no socket, no request. All streams of the process share one budget a turn.
 */
export class EventLoopShare {
  #beganAt: number | undefined;
  #nextTurn: Promise<void> | undefined;

  /** To be asked after each event: nothing while there is time left, else a promise of the next turn. */
  spent(): Promise<void> | undefined {
    const now = performance.now();
    if (this.#beganAt === undefined) {
      this.#beganAt = now;
      this.#nextTurn = this.#turn();
    }
    return now - this.#beganAt < TURN_MILLISECONDS_MAX ? undefined : this.#nextTurn;
  }

  async #turn(): Promise<void> {
    await setImmediate();
    this.#beganAt = undefined;
  }
}

/** The one of this process. */
export const eventLoopShare = new EventLoopShare();
