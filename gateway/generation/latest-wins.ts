import { PlatformError } from '../../kernel/errors/platform-error.js';

/** Does one thing at a time. Of what waits only the latest is done: what it replaces is refused with `CONFLICT`. */
export class LatestWins {
  #isBusy = false;
  #waiting: PromiseWithResolvers<void> | undefined;

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#turn();
    try {
      return await work();
    } finally {
      const next = this.#waiting;
      this.#waiting = undefined;
      // It stays busy for the one that waits: nobody comes in between.
      if (next) next.resolve();
      else this.#isBusy = false;
    }
  }

  async #turn(): Promise<void> {
    if (!this.#isBusy) {
      this.#isBusy = true;
      return;
    }
    this.#waiting?.reject(new PlatformError('CONFLICT', 'A newer one came before this was begun.'));
    this.#waiting = Promise.withResolvers<void>();
    await this.#waiting.promise;
  }
}
