import type { ExecutionResult } from 'graphql';
import type { ClientPresence } from './client-presence.js';
import type { GatewayOperation, Variables } from './engine/engine.js';

/** Everything that decides what a query is answered with, but the time. */
export interface Query {
  readonly operation: GatewayOperation;
  readonly variables: Variables;
  /** Names who asks: callers of the same name may see the same. Without a name nothing is shared. */
  readonly caller: () => string | undefined;
}

export interface QueryAnswer {
  readonly result: ExecutionResult;
  /** Whether others get the same objects. */
  readonly isShared: boolean;
}

/**
 * Answers queries that were read in one turn of the event loop once, where caller, operation and variables are the same.
 * Nothing runs before the turn is over, so nobody gets an answer that is older than the question: unlike with an answer
 * that is on its way already, a client reads its own writes, and what an event has told it of. Queries that need nothing
 * outside of this process are faster for it, also where none is like another: their answers are written side by side.
 */
export class QuerySharing {
  /** Of this turn. A new one for each: a map that is cleared keeps what was in it alive until the next full collection. */
  #read = new Map<GatewayOperation, Map<string, AlikeRuns>>();
  #waiting: Run[] = [];

  /** Runs the query when all that came with it are read, or not at all if one of them is the same. */
  async ask(
    { operation, variables, caller }: Query,
    presence: ClientPresence,
    execute: () => ExecutionResult | Promise<ExecutionResult>,
  ): Promise<QueryAnswer> {
    const run = new Run(caller, presence, execute);
    const same = this.#alike(operation, variables).sameAs(run);
    if (same !== run) return same.admit(presence);
    if (this.#waiting.push(run) === 1) setImmediate(() => this.#startAll());
    return run.answer;
  }

  #alike(operation: GatewayOperation, variables: Variables): AlikeRuns {
    let byVariables = this.#read.get(operation);
    if (!byVariables) this.#read.set(operation, (byVariables = new Map()));
    const text = JSON.stringify(variables);
    let alike = byVariables.get(text);
    if (!alike) byVariables.set(text, (alike = new AlikeRuns()));
    return alike;
  }

  #startAll(): void {
    const waiting = this.#waiting;
    this.#read = new Map();
    this.#waiting = [];
    for (const run of waiting) run.start();
  }
}

/** Runs of one turn that differ in their callers only. Who those are is asked when there are two. */
class AlikeRuns {
  #first: Run | undefined;
  #byCaller: Map<string, Run> | undefined;

  /** The one that answers this one, too; or else this one. */
  sameAs(run: Run): Run {
    if (!this.#first) return (this.#first = run);
    if (!this.#byCaller) {
      this.#byCaller = new Map();
      this.#find(this.#byCaller, this.#first);
    }
    return this.#find(this.#byCaller, run);
  }

  #find(byCaller: Map<string, Run>, run: Run): Run {
    const { caller } = run;
    if (caller === undefined) return run;
    const same = byCaller.get(caller);
    if (same && !same.isAbandoned) return same;
    byCaller.set(caller, run);
    return run;
  }
}

class Run {
  readonly answer: Promise<QueryAnswer>;
  readonly #callerOf: () => string | undefined;
  readonly #presence: ClientPresence;
  readonly #execute: () => ExecutionResult | Promise<ExecutionResult>;
  #resolve: (answer: QueryAnswer) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  #isShared = false;

  constructor(
    callerOf: () => string | undefined,
    presence: ClientPresence,
    execute: () => ExecutionResult | Promise<ExecutionResult>,
  ) {
    this.#callerOf = callerOf;
    this.#presence = presence;
    this.#execute = execute;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get caller(): string | undefined {
    return this.#callerOf();
  }

  /** Whether its client has gone, so that it comes to nothing. */
  get isAbandoned(): boolean {
    return this.#presence.signal.aborted;
  }

  admit(presence: ClientPresence): Promise<QueryAnswer> {
    this.#isShared = true;
    this.#presence.admit(presence);
    return this.answer;
  }

  start(): void {
    const answer = (result: ExecutionResult): void => this.#resolve({ result, isShared: this.#isShared });
    try {
      const running = this.#execute();
      if (running instanceof Promise) running.then(answer, this.#reject);
      else answer(running);
    } catch (error) {
      this.#reject(error);
    }
  }
}
