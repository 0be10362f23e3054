import type { ExecutionResult } from 'graphql';
import type { ClientPresence } from './client-presence.js';
import type { GatewayOperation, Variables } from './engine/engine.js';

/** Everything that decides what a query is answered with, but the time. */
export interface Query {
  readonly operation: GatewayOperation;
  readonly variables: Variables;
  /** Who asks: callers of the same name may see the same. */
  readonly caller: string;
}

export interface QueryAnswer {
  readonly result: ExecutionResult;
  /** Whether others get the same objects. */
  readonly isShared: boolean;
}

interface Run {
  readonly presence: ClientPresence;
  readonly answer: Promise<QueryAnswer>;
  readonly start: () => void;
  isShared: boolean;
}

/**
 * Answers queries that were read in one turn of the event loop once, where caller, operation and variables are the same.
 * Nothing runs before the turn is over, so nobody gets an answer that is older than the question: unlike with an answer
 * that is on its way already, a client reads its own writes, and what an event has told it of. Queries that need nothing
 * outside of this process are faster for it, also where none is like another: their answers are written side by side.
 */
export class QuerySharing {
  /** Of this turn. A new one for each: a map that is cleared keeps what was in it alive until the next full collection. */
  #read = new Map<GatewayOperation, Map<string, Run>>();
  #waiting: Run[] = [];

  /** Runs the query when all that came with it are read, or not at all if one of them is the same. */
  async ask(
    { operation, variables, caller }: Query,
    presence: ClientPresence,
    run: () => ExecutionResult | Promise<ExecutionResult>,
  ): Promise<QueryAnswer> {
    let runs = this.#read.get(operation);
    if (!runs) this.#read.set(operation, (runs = new Map()));
    const key = `${caller} ${JSON.stringify(variables)}`;
    const known = runs.get(key);
    if (known && !known.presence.signal.aborted) {
      known.isShared = true;
      known.presence.admit(presence);
      return known.answer;
    }
    const made = runOf(presence, run);
    runs.set(key, made);
    if (this.#waiting.push(made) === 1) setImmediate(() => this.#startAll());
    return made.answer;
  }

  #startAll(): void {
    const waiting = this.#waiting;
    this.#read = new Map();
    this.#waiting = [];
    for (const { start } of waiting) start();
  }
}

function runOf(presence: ClientPresence, run: () => ExecutionResult | Promise<ExecutionResult>): Run {
  const { promise, resolve, reject } = Promise.withResolvers<QueryAnswer>();
  const made: Run = {
    presence,
    answer: promise,
    isShared: false,
    start: () => {
      const answer = (result: ExecutionResult): void => resolve({ result, isShared: made.isShared });
      try {
        const running = run();
        if (running instanceof Promise) running.then(answer, reject);
        else answer(running);
      } catch (error) {
        reject(error);
      }
    },
  };
  return made;
}
