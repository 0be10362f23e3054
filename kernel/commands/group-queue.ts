import { PlatformError } from '../errors/platform-error.js';

/** An item that waits for its group, and how it is answered. */
export interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly settle: (answer: Promise<Answer>) => void;
}

export interface GroupQueueOptions<Item, Answer> {
  /** Groups that run at the same time; what arrives meanwhile waits and goes together. */
  readonly inFlightMax: number;
  readonly sizeMax: number;
  /** Items that may wait; a further one is refused with `UNAVAILABLE`, which says that it may be tried again. */
  readonly waitingMax: number;
  /** Items of one key never run at the same time; null for an item that may run beside any. */
  readonly keyOf: (item: Item) => string | null;
  /** Settles every item of the group. Its end lets the next group go, whether or not all have their answers. */
  readonly run: (group: readonly Waiting<Item, Answer>[]) => Promise<void>;
}

/**
 * Collects items while groups run. A group goes at once when none runs, and beside others when it is at least half as
 * large: small ones would cost as much each, and wait for the same locks. So nobody waits longer than for one group.
 * What is asked for in one turn of the event loop is collected before any of it goes, and is shared out evenly among
 * free places.
 */
export class GroupQueue<Item, Answer> {
  readonly #options: GroupQueueOptions<Item, Answer>;
  #waiting: Waiting<Item, Answer>[] = [];
  readonly #keys = new Set<string>();
  /** Sizes of the groups that run. */
  readonly #inFlight: number[] = [];
  #isScheduled = false;

  constructor(options: GroupQueueOptions<Item, Answer>) {
    this.#options = options;
  }

  async submit(item: Item): Promise<Answer> {
    if (this.#waiting.length >= this.#options.waitingMax)
      throw new PlatformError('UNAVAILABLE', 'Too much is waiting for the database. Try again in a moment.');
    const answer = new Promise<Answer>((settle) => {
      this.#waiting.push({ item, settle });
    });
    this.#schedule();
    return answer;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#start();
    });
  }

  #start(): void {
    const { inFlightMax } = this.#options;
    while (this.#inFlight.length < inFlightMax) {
      const size = Math.ceil(this.#waiting.length / (inFlightMax - this.#inFlight.length));
      if (size < Math.max(0, ...this.#inFlight) / 2) return;
      const group = this.#nextGroup(size);
      if (group.length === 0) return;
      this.#inFlight.push(group.length);
      void this.#run(group);
    }
  }

  /** The longest waiting ones, without those whose key is under way. */
  #nextGroup(size: number): readonly Waiting<Item, Answer>[] {
    const group: Waiting<Item, Answer>[] = [];
    const rest: Waiting<Item, Answer>[] = [];
    for (const waiting of this.#waiting) {
      const isFull = group.length >= Math.min(size, this.#options.sizeMax);
      const key = isFull ? null : this.#options.keyOf(waiting.item);
      if (isFull || (key !== null && this.#keys.has(key))) {
        rest.push(waiting);
        continue;
      }
      if (key !== null) this.#keys.add(key);
      group.push(key === null ? waiting : this.#freeing(waiting, key));
    }
    this.#waiting = rest;
    return group;
  }

  /** The key is free again when the item has its answer, which may be after its group has ended. */
  #freeing(waiting: Waiting<Item, Answer>, key: string): Waiting<Item, Answer> {
    const free = (): void => {
      this.#keys.delete(key);
      this.#schedule();
    };
    return {
      item: waiting.item,
      settle: (answer) => {
        waiting.settle(answer);
        answer.then(free, free);
      },
    };
  }

  async #run(group: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      await this.#options.run(group);
    } catch (error) {
      // Settling twice does nothing: only those without an answer hear of it.
      for (const { settle } of group) settle(Promise.reject(error));
    } finally {
      this.#inFlight.splice(this.#inFlight.indexOf(group.length), 1);
      this.#schedule();
    }
  }
}
