import type { ExecutionResult, GraphQLSchema } from 'graphql';
import type {
  Engine,
  ExecutionRequest,
  GatewayOperation,
  IncrementalResult,
  SubscriptionRequest,
} from '../engine/engine.js';

/** An engine that knows how many requests and streams it has begun and not ended. */
export class LeasedEngine implements Engine {
  readonly #engine: Engine;
  #running = 0;
  #isRetired = false;
  readonly #atRest = Promise.withResolvers<void>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get apiSchema(): GraphQLSchema {
    return this.#engine.apiSchema;
  }

  get running(): number {
    return this.#running;
  }

  /** Resolves as soon as nothing runs: from now on, what was begun ends. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    this.#restIfDone();
    await this.#atRest.promise;
  }

  execute(request: ExecutionRequest): ExecutionResult | Promise<ExecutionResult> {
    this.#running += 1;
    let answer: ExecutionResult | Promise<ExecutionResult> | undefined;
    try {
      answer = this.#engine.execute(request);
      return answer instanceof Promise ? answer.finally(() => this.#end()) : answer;
    } finally {
      if (!(answer instanceof Promise)) this.#end();
    }
  }

  async executeIncrementally(request: ExecutionRequest): Promise<ExecutionResult | IncrementalResult> {
    return this.#untilEnd(
      async () => this.#engine.executeIncrementally(request),
      (result, end) =>
        'initial' in result ? { ...result, subsequent: new EndedStream(result.subsequent, end) } : undefined,
    );
  }

  async subscribe(
    request: SubscriptionRequest,
  ): Promise<AsyncGenerator<ExecutionResult, void, void> | ExecutionResult> {
    return this.#untilEnd(
      async () => this.#engine.subscribe(request),
      (result, end) => (Symbol.asyncIterator in result ? new EndedStream(result, end) : undefined),
    );
  }

  async prepare(operation: GatewayOperation): Promise<void> {
    await this.#engine.prepare?.(operation);
  }

  mostUsed(count: number): readonly GatewayOperation[] {
    return this.#engine.mostUsed?.(count) ?? [];
  }

  async close(): Promise<void> {
    await this.#engine.close?.();
  }

  /** What goes on after the answer lasts until its stream ends. */
  async #untilEnd<Answer>(
    ask: () => Promise<Answer>,
    lasting: (answer: Answer, end: () => void) => Answer | undefined,
  ): Promise<Answer> {
    this.#running += 1;
    let isLasting = false;
    try {
      const answer = await ask();
      const stream = lasting(answer, () => this.#end());
      isLasting = stream !== undefined;
      return stream ?? answer;
    } finally {
      if (!isLasting) this.#end();
    }
  }

  #end(): void {
    this.#running -= 1;
    this.#restIfDone();
  }

  #restIfDone(): void {
    if (this.#isRetired && this.#running === 0) this.#atRest.resolve();
  }
}

/** The same stream; tells once when it has ended, by whichever side. */
class EndedStream<Item> implements AsyncGenerator<Item, void, void> {
  readonly #stream: AsyncGenerator<Item, void, void>;
  #end: (() => void) | undefined;

  constructor(stream: AsyncGenerator<Item, void, void>, end: () => void) {
    this.#stream = stream;
    this.#end = end;
  }

  async next(): Promise<IteratorResult<Item, void>> {
    try {
      const result = await this.#stream.next();
      if (result.done) this.#ended();
      return result;
    } catch (error) {
      this.#ended();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Item, void>> {
    try {
      return await this.#stream.return();
    } finally {
      this.#ended();
    }
  }

  async throw(error: unknown): Promise<IteratorResult<Item, void>> {
    try {
      return await this.#stream.throw(error);
    } finally {
      this.#ended();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #ended(): void {
    this.#end?.();
    this.#end = undefined;
  }
}
