/**
 * Whether anybody still waits for the answer to an operation: `signal` is aborted when the last one of them has gone, or
 * when the operation takes too long.
 */
export class ClientPresence extends AbortController {
  #waiting = 1;

  /** Lets another client wait for the same answer: it counts here, until it leaves. */
  admit(other: ClientPresence): void {
    this.#waiting++;
    const follow = (): void => this.leave(other.signal.reason);
    if (other.signal.aborted) follow();
    else other.signal.addEventListener('abort', follow, { once: true });
  }

  /** One client goes. */
  leave(reason: unknown): void {
    this.#waiting--;
    if (this.#waiting === 0) this.abort(reason);
  }
}
