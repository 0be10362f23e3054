/**
 * Ends a fetch early, once: at its deadline, or when nobody waits for it any more. One timer and no signals:
 * `AbortSignal.timeout` and `AbortSignal.any` for each fetch cost more than the rest of it.
 */
export class Cancellation {
  readonly #timer: NodeJS.Timeout;
  readonly #endsAt: number;
  #interrupt: ((reason: Error) => void) | undefined;
  #reason: Error | undefined;
  #isOverdue = false;

  /** `deadlineReason` makes the reason that is given at the deadline. */
  constructor(seconds: number, deadlineReason: () => Error) {
    this.#endsAt = performance.now() + seconds * 1_000;
    this.#timer = setTimeout(() => {
      this.#isOverdue = true;
      this.cancel(deadlineReason());
    }, seconds * 1_000);
  }

  /** Why it was cancelled; undefined if it was not. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /** Whether it was cancelled by the deadline. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  get millisecondsLeft(): number {
    return this.#endsAt - performance.now();
  }

  /** Sets what a cancellation interrupts, in place of what it interrupted before; at once if it has happened. */
  onCancel(interrupt: (reason: Error) => void): void {
    if (this.#reason) interrupt(this.#reason);
    else this.#interrupt = interrupt;
  }

  cancel(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.release();
    const interrupt = this.#interrupt;
    this.#interrupt = undefined;
    interrupt?.(reason);
  }

  /** Waits; rejects with the reason when cancelled meanwhile. */
  async pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds);
      this.onCancel((reason) => {
        clearTimeout(timer);
        reject(reason);
      });
    });
  }

  /** To be called when there is nothing left to cancel. */
  release(): void {
    clearTimeout(this.#timer);
  }
}
