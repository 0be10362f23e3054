import { setTimeout } from 'node:timers/promises';
import type { ExecutionResult } from 'graphql';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import type { GatewayOperation } from '../engine/engine.js';
import { STREAM_LIMITS, type GatewayOptions, type StreamLease, type StreamLimits } from '../gateway-options.js';
import { maskError, maskResult, type ErrorMasking } from '../guard/mask-errors.js';
import type { OperationRequest } from '../operation-service.js';
import type { SelectedOperation } from '../runtime.js';
import { DeliveryStream, type DeliveryOwner } from './delivery-stream.js';
import { StreamHub, type Subscribing } from './stream-hub.js';
import { STREAM_CONVENTION, streamShape, type StreamConvention, type StreamShape } from './stream-shape.js';

export interface SubscriptionsOptions<Context extends object> {
  readonly gateway: GatewayOptions<Context>;
  /** What the caller may run of it; throws what it may not. */
  readonly authorize: (selected: SelectedOperation, request: OperationRequest<Context>) => Promise<GatewayOperation>;
  readonly maskingOf: (correlationId: string) => ErrorMasking;
}

/** What is known of an open stream. */
interface OpenStream<Context> {
  readonly selected: SelectedOperation;
  readonly request: OperationRequest<Context>;
  lease: StreamLease | undefined;
  /** What ends it at once, by its present lease. */
  onRevoke: (() => void) | undefined;
}

/** How long a shutdown waits for clients to take the last response of their streams. */
const FAREWELL_SECONDS_MAX = 2;

/** All open streams of clients: opens them, renews their credentials, and ends them with a reason. */
export class Subscriptions<Context extends object> {
  readonly #options: SubscriptionsOptions<Context>;
  readonly #limits: StreamLimits;
  readonly #convention: StreamConvention;
  readonly #hub: StreamHub;
  readonly #shapes = new WeakMap<GatewayOperation, StreamShape>();
  readonly #open = new Map<DeliveryStream, OpenStream<Context>>();
  /** Streams with something left that the client has not taken, ended or not. */
  readonly #untaken = new Set<DeliveryStream>();
  readonly #owner: DeliveryOwner;
  #isClosing = false;

  constructor(options: SubscriptionsOptions<Context>) {
    const { streamConvention, streamLimits } = options.gateway;
    this.#options = options;
    this.#limits = { ...STREAM_LIMITS, ...streamLimits };
    this.#convention = { ...STREAM_CONVENTION, ...streamConvention };
    this.#owner = {
      bufferMax: this.#limits.bufferMax,
      toResult: (error, lastCursor, stream) => this.#lastResult(error, lastCursor, stream),
      onEnd: (stream) => this.#ended(stream),
      onTaken: (stream) => this.#untaken.delete(stream),
    };
    this.#hub = new StreamHub({ stallMillisecondsMax: this.#limits.stallSecondsMax * 1_000 });
  }

  /** Answers the stream, or the subgraph's refusal. Throws when the caller may not, or the subgraph cannot be asked. */
  async open(
    selected: SelectedOperation,
    request: OperationRequest<Context>,
  ): Promise<DeliveryStream | ExecutionResult> {
    if (this.#isClosing) throw shuttingDown();
    const operation = await this.#options.authorize(selected, request);
    const lease = this.#lease(selected, request, request.context);
    const stream = new DeliveryStream(this.#owner, request.presence?.signal);
    const open: OpenStream<Context> = { selected, request, lease: undefined, onRevoke: undefined };
    this.#open.set(stream, open);
    this.#untaken.add(stream);
    this.#watch(stream, open, lease);
    stream.begin();
    try {
      const refusal = await this.#hub.connect(stream, this.#subscribing(operation, open, request.context));
      if (!refusal) return stream;
      await stream.return();
      return refusal;
    } catch (error) {
      await stream.return();
      throw error;
    }
  }

  /**
   * Goes on with another context of the same caller. A stream that cannot tell its position stays as it is, and ends
   * when its credential does; one that the new credential may not have ends with the reason.
   */
  async renew(stream: DeliveryStream, context: Context): Promise<void> {
    const open = this.#open.get(stream);
    if (!open) return;
    const { selected, request } = open;
    try {
      const operation = await this.#options.authorize(selected, { ...request, context });
      const lease = this.#lease(selected, request, context);
      if (await this.#hub.reconnect(stream, this.#subscribing(operation, open, context)))
        this.#watch(stream, open, lease);
      else lease?.release();
    } catch (error) {
      stream.revoke(error);
    }
  }

  /** Ends all streams, telling clients to come back, and waits a moment for them to hear it. */
  async end(): Promise<void> {
    this.#isClosing = true;
    for (const stream of this.#open.keys()) stream.fail(shuttingDown());
    const deadline = performance.now() + FAREWELL_SECONDS_MAX * 1_000;
    while (this.#untaken.size > 0 && performance.now() < deadline) await setTimeout(5);
  }

  #subscribing(operation: GatewayOperation, { selected, request }: OpenStream<Context>, context: Context): Subscribing {
    const { accessIdentity, contextPerEvent } = this.#options.gateway;
    const masking = this.#options.maskingOf(request.correlationId);
    let shape = this.#shapes.get(operation);
    if (!shape) this.#shapes.set(operation, (shape = streamShape(operation, this.#convention)));
    return {
      engine: selected.generation.engine,
      operation,
      shape,
      variables: startingAfter(request, shape),
      context,
      identity: accessIdentity?.(context),
      mask: (result) => maskResult(result, masking),
      ...(contextPerEvent ? { contextPerEvent: () => contextPerEvent(context) } : {}),
    };
  }

  #lease(
    { definition }: SelectedOperation,
    { correlationId }: OperationRequest<Context>,
    context: Context,
  ): StreamLease | undefined {
    return this.#options.gateway.openStream?.(context, { operationName: definition.name?.value, correlationId });
  }

  /** The lease ends the stream from now on, and an earlier one does not any more. */
  #watch(stream: DeliveryStream, open: OpenStream<Context>, lease: StreamLease | undefined): void {
    this.#unwatch(open);
    open.lease = lease;
    if (!lease) return;
    const onRevoke = (): void => stream.revoke(lease.signal.reason);
    open.onRevoke = onRevoke;
    lease.signal.addEventListener('abort', onRevoke, { once: true });
    if (stream.isEnded) this.#unwatch(open);
    else if (lease.signal.aborted) onRevoke();
  }

  #unwatch(open: OpenStream<Context>): void {
    const { lease, onRevoke } = open;
    open.lease = undefined;
    open.onRevoke = undefined;
    if (onRevoke) lease?.signal.removeEventListener('abort', onRevoke);
    lease?.release();
  }

  #ended(stream: DeliveryStream): void {
    const open = this.#open.get(stream);
    this.#open.delete(stream);
    this.#hub.leave(stream);
    if (open) this.#unwatch(open);
  }

  /** Names the position to resume from beside the reason. */
  #lastResult(error: unknown, lastCursor: string | undefined, stream: DeliveryStream): ExecutionResult {
    const correlationId = this.#open.get(stream)?.request.correlationId ?? '';
    const masked = maskError(error, this.#options.maskingOf(correlationId));
    if (lastCursor !== undefined) Object.assign(masked.extensions, { lastCursor });
    return { errors: [masked] };
  }
}

function startingAfter<Context>(
  { resumeAfter, variables }: OperationRequest<Context>,
  { afterVariable }: StreamShape,
): Readonly<Record<string, unknown>> {
  if (resumeAfter === undefined || afterVariable === undefined) return variables ?? {};
  return { ...variables, [afterVariable]: resumeAfter };
}

function shuttingDown(): PlatformError {
  return new PlatformError('UNAVAILABLE', 'The gateway is shutting down. Reconnect and resume from the last cursor.');
}
