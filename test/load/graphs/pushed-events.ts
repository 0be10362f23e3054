/** Events that are pushed to every subscriber at once, as little as a source can cost. */
export class PushedEvents {
  readonly #subscribers = new Set<(event: object) => void>();
  #count = 0;

  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** Tells all; answers the cursor. */
  push(): string {
    this.#count += 1;
    const cursor = `e${this.#count}`;
    const event = {
      thingEvents: { cursor, type: 'thing.changed', occurredAt: '2026-01-01T00:00:00Z', subject: { id: 't1' } },
    };
    for (const tell of this.#subscribers) tell(event);
    return cursor;
  }

  subscribe(): AsyncIterableIterator<object> {
    const waiting: object[] = [];
    let wake: ((result: IteratorResult<object>) => void) | undefined;
    const tell = (event: object): void => {
      if (wake) {
        wake({ value: event, done: false });
        wake = undefined;
      } else {
        waiting.push(event);
      }
    };
    this.#subscribers.add(tell);
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: async () => {
        const value = waiting.shift();
        if (value) return { value, done: false };
        return new Promise((resolve) => (wake = resolve));
      },
      return: async () => {
        this.#subscribers.delete(tell);
        return { value: undefined, done: true };
      },
    };
  }
}
