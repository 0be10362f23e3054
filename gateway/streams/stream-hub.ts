import type { ExecutionResult } from 'graphql';
import type { Engine, GatewayOperation, SubscriptionRequest } from '../engine/engine.js';
import type { DeliveryStream } from './delivery-stream.js';
import type { StreamShape } from './stream-shape.js';
import { StreamSource, type SourceOwner } from './stream-source.js';

/** What one client subscribed to. */
export interface Subscribing {
  readonly engine: Engine;
  readonly operation: GatewayOperation;
  readonly shape: StreamShape;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly context: unknown;
  readonly contextPerEvent?: SubscriptionRequest['contextPerEvent'];
  /** The same for callers with the same rights, until the same moment: their streams may be one. None is never shared. */
  readonly identity: string | undefined;
  readonly mask: (result: ExecutionResult) => ExecutionResult;
}

/** Streams of one operation with the same variables, but for where they begin, and the same rights. */
class StreamGroup {
  readonly #forget: (group: StreamGroup) => void;
  /** The source that stands at each position: a reader that is there too can be handed to it. */
  byCursor: Map<string, StreamSource> | undefined;
  /** Being opened, by where they begin. */
  opening: Map<string, Promise<StreamSource | ExecutionResult>> | undefined;
  live: StreamSource | undefined;
  sources = 0;

  constructor(forget: (group: StreamGroup) => void) {
    this.#forget = forget;
  }

  forgetIfEmpty(): void {
    if (this.sources === 0 && this.opening === undefined) this.#forget(this);
  }
}

const LIVE = '';

/**
 * Opens streams at the engine, and shares them: clients that asked for the same with the same rights read one source
 * from where their positions meet. So an event is executed once for all of them, and each still gets every event once
 * and in order.
 */
export class StreamHub implements SourceOwner {
  readonly stallMillisecondsMax: number;
  readonly #groups = new WeakMap<GatewayOperation, Map<string, StreamGroup>>();
  readonly #sourceOf = new Map<DeliveryStream, StreamSource>();
  readonly #groupOf = new WeakMap<StreamSource, StreamGroup>();

  constructor(options: { readonly stallMillisecondsMax: number }) {
    this.stallMillisecondsMax = options.stallMillisecondsMax;
  }

  /** Streams to a reader. Answers why not, if the subgraph refuses; may throw what the engine throws. */
  async connect(reader: DeliveryStream, subscribing: Subscribing): Promise<ExecutionResult | undefined> {
    const { shape, variables } = subscribing;
    const asked = shape.afterVariable === undefined ? undefined : variables[shape.afterVariable];
    const wantsOpening = asked !== undefined && asked === shape.now;
    const after = typeof asked === 'string' && !wantsOpening ? asked : undefined;
    return this.#attach(reader, subscribing, after, wantsOpening);
  }

  /**
   * Goes on with another context from where the reader stands, without losing or repeating an event. False when the
   * position is not known, and the reader stays as it is.
   */
  async reconnect(reader: DeliveryStream, subscribing: Subscribing): Promise<boolean> {
    const source = this.#sourceOf.get(reader);
    const { cursor } = reader;
    if (!source || cursor === undefined || subscribing.shape.afterVariable === undefined) return false;
    this.#sourceOf.delete(reader);
    source.detach(reader);
    try {
      const refusal = await this.#attach(reader, subscribing, cursor, false);
      if (refusal) reader.fail(refusal.errors?.[0]);
    } catch (error) {
      reader.fail(error);
    }
    return true;
  }

  /** The reader has ended. */
  leave(reader: DeliveryStream): void {
    const source = this.#sourceOf.get(reader);
    this.#sourceOf.delete(reader);
    source?.detach(reader);
  }

  async #attach(
    reader: DeliveryStream,
    subscribing: Subscribing,
    after: string | undefined,
    wantsOpening: boolean,
  ): Promise<ExecutionResult | undefined> {
    const group = this.#group(subscribing);
    const joinable = after === undefined ? group?.live : group?.byCursor?.get(after);
    const source = joinable ?? (await this.#opened(subscribing, group, after));
    if (!(source instanceof StreamSource)) return source;
    // Others may have moved it on while we waited for it.
    const isMissed = source.isClosed || (after !== undefined && source.cursor !== after);
    const joined = isMissed ? await this.#open(subscribing, group, after) : source;
    if (!(joined instanceof StreamSource)) return joined;
    if (!reader.isEnded) this.#sourceOf.set(reader, joined);
    joined.attach(reader, wantsOpening);
    return undefined;
  }

  async #opened(
    subscribing: Subscribing,
    group: StreamGroup | undefined,
    after: string | undefined,
  ): Promise<StreamSource | ExecutionResult> {
    if (!group) return this.#open(subscribing, undefined, after);
    const start = after ?? LIVE;
    const running = group.opening?.get(start);
    if (running) return running;
    const opening = this.#open(subscribing, group, after).finally(() => {
      group.opening?.delete(start);
      if (group.opening?.size === 0) group.opening = undefined;
      group.forgetIfEmpty();
    });
    (group.opening ??= new Map()).set(start, opening);
    return opening;
  }

  async #open(
    subscribing: Subscribing,
    group: StreamGroup | undefined,
    after: string | undefined,
  ): Promise<StreamSource | ExecutionResult> {
    const { engine, operation, shape, context, contextPerEvent, mask } = subscribing;
    const start = after ?? shape.now;
    const { afterVariable } = shape;
    const variables =
      afterVariable === undefined || start === undefined
        ? subscribing.variables
        : { ...subscribing.variables, [afterVariable]: start };
    const upstream = await engine.subscribe({
      operation,
      variables,
      context,
      ...(contextPerEvent ? { contextPerEvent } : {}),
    });
    if (!(Symbol.asyncIterator in upstream)) return upstream;
    const source = new StreamSource(upstream, { shape, mask, after }, this);
    if (group) this.#enter(group, source, after);
    // Not before all who wait for it are attached, or they would miss its first event.
    setImmediate(() => source.start());
    return source;
  }

  /** Where a source catches up with another one, they become one. */
  moved(source: StreamSource, from: string | undefined): void {
    const group = this.#groupOf.get(source);
    const { cursor } = source;
    if (!group || cursor === undefined || cursor === from) return;
    const byCursor = (group.byCursor ??= new Map());
    if (from !== undefined && byCursor.get(from) === source) byCursor.delete(from);
    const other = byCursor.get(cursor);
    if (!other || other === source || other.isClosed) {
      byCursor.set(cursor, source);
      return;
    }
    const wasLive = group.live === source;
    for (const reader of source.mergeInto(other)) this.#sourceOf.set(reader, other);
    if (wasLive) group.live = other;
  }

  closed(source: StreamSource): void {
    const group = this.#groupOf.get(source);
    if (!group) return;
    const { cursor } = source;
    if (group.live === source) group.live = undefined;
    if (cursor !== undefined && group.byCursor?.get(cursor) === source) group.byCursor.delete(cursor);
    group.sources -= 1;
    group.forgetIfEmpty();
  }

  #enter(group: StreamGroup, source: StreamSource, after: string | undefined): void {
    this.#groupOf.set(source, group);
    group.sources += 1;
    if (source.isLive) group.live ??= source;
    if (after === undefined) return;
    const byCursor = (group.byCursor ??= new Map());
    if (!byCursor.has(after)) byCursor.set(after, source);
  }

  #group({ identity, operation, shape, variables }: Subscribing): StreamGroup | undefined {
    if (identity === undefined) return undefined;
    let groups = this.#groups.get(operation);
    if (!groups) this.#groups.set(operation, (groups = new Map()));
    const key = groupKey(identity, shape, variables);
    const known = groups.get(key);
    if (known) return known;
    const all = groups;
    const group = new StreamGroup((empty) => {
      if (all.get(key) === empty) all.delete(key);
    });
    groups.set(key, group);
    return group;
  }
}

function groupKey(identity: string, { afterVariable }: StreamShape, variables: Subscribing['variables']): string {
  const names = Object.keys(variables)
    .filter((name) => name !== afterVariable)
    .sort();
  return JSON.stringify([identity, ...names.map((name) => [name, variables[name]])]);
}
