import { setTimeout } from 'node:timers/promises';
import { OperationTypeNode, type ExecutionResult, type GraphQLError } from 'graphql';
import { PlatformError } from '../kernel/errors/platform-error.js';
import type { GatewayOperation } from './engine/engine.js';
import { STREAM_LIMITS, type GatewayOptions, type StreamLimits } from './gateway-options.js';
import { DemandControl } from './guard/cost/demand-control.js';
import { DocumentResolver } from './guard/documents/document-resolver.js';
import { trustedDocumentsOf } from './guard/documents/trusted-documents-of.js';
import { TrustedDocuments } from './guard/documents/trusted-documents.js';
import { maskErrors, maskResult, statusOf, type ErrorMasking } from './guard/mask-errors.js';
import { withinDeadline } from './guard/operation-deadline.js';
import { checkVariables } from './guard/variable-limits.js';
import type { GatewayRuntime, SelectedOperation } from './runtime.js';
import { DeliveryStream } from './streams/delivery-stream.js';

/** A GraphQL request, by whatever transport it came. */
export interface OperationRequest<Context> {
  /** The document's text; may be empty if the request names its document. */
  readonly query: string;
  readonly documentId?: string | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly context: Context;
  readonly correlationId: string;
  readonly signal?: AbortSignal;
}

export interface OperationOutcome {
  readonly result: ExecutionResult;
  /** For a request that was refused as a whole, the status its first error asks for; else 200. */
  readonly status: number;
}

export type OperationStream = AsyncGenerator<ExecutionResult, void, void>;

/** How long a shutdown waits for clients to take the last response of their streams. */
const FAREWELL_SECONDS_MAX = 2;
const OPERATION_SECONDS_MAX = 30;

/** Runs operations: guard, access, engine, and masking of errors. The same for HTTP, WebSockets and server-sent events. */
export class OperationService<Context extends object> {
  readonly runtime: GatewayRuntime;
  readonly #options: GatewayOptions<Context>;
  readonly #streamLimits: StreamLimits;
  readonly #demand: DemandControl<Context> | undefined;
  readonly #documents: DocumentResolver;
  readonly #closing = new AbortController();
  readonly #streams = new Set<OperationStream>();

  constructor(runtime: GatewayRuntime, options: GatewayOptions<Context>) {
    this.runtime = runtime;
    this.#options = options;
    this.#streamLimits = { ...STREAM_LIMITS, ...options.streamLimits };
    const { isAutomatic = true, mode = 'off' } = options.documents ?? {};
    const trusted = new TrustedDocuments(trustedDocumentsOf(options));
    this.#documents = new DocumentResolver({ isAutomatic, mode, trusted, logger: options.logger });
    this.#demand = options.demand && new DemandControl(options.demand);
  }

  /** The operation that a request asks for, or why it is refused. */
  select(request: Omit<OperationRequest<Context>, 'context'>): SelectedOperation | OperationOutcome {
    try {
      const document = this.#documents.resolve(request);
      const selected = this.runtime.select(document.text, request.operationName ?? undefined);
      if (!('generation' in selected)) return this.refusal(selected, request.correlationId);
      document.remember();
      return selected;
    } catch (error) {
      return this.refusal([error], request.correlationId);
    }
  }

  async execute(selected: SelectedOperation, request: OperationRequest<Context>): Promise<OperationOutcome> {
    const { generation } = selected;
    try {
      const operation = await this.#authorize(selected, request);
      const { context } = request;
      const variables = request.variables ?? {};
      const admission = this.#demand?.admit(generation.costs, operation, variables, context);
      const result = await withinDeadline(
        this.#options.operationSecondsMax ?? OPERATION_SECONDS_MAX,
        request.signal,
        async (signal) => generation.engine.execute({ operation, context, variables, signal }),
      );
      return this.#outcome(admission?.settle(result) ?? result, request.correlationId);
    } catch (error) {
      return this.refusal([error], request.correlationId);
    }
  }

  async subscribe(
    selected: SelectedOperation,
    request: OperationRequest<Context>,
  ): Promise<OperationStream | OperationOutcome> {
    const { context, correlationId } = request;
    try {
      const operation = await this.#authorize(selected, request);
      const operationName = selected.definition.name?.value;
      const lease = this.#options.openStream?.(context, { operationName, correlationId });
      try {
        const source = await this.#source(selected, operation, request);
        if (Symbol.asyncIterator in source) return this.#deliver(source, request, lease);
        lease?.release();
        return this.#outcome(source, correlationId);
      } catch (error) {
        lease?.release();
        throw error;
      }
    } catch (error) {
      return this.refusal([error], correlationId);
    }
  }

  /** Ends all streams, telling clients to come back, and waits a moment for them to hear it. */
  async endStreams(): Promise<void> {
    this.#closing.abort(
      new PlatformError('UNAVAILABLE', 'The gateway is shutting down. Reconnect and resume from the last cursor.'),
    );
    const deadline = performance.now() + FAREWELL_SECONDS_MAX * 1_000;
    while (this.#streams.size > 0 && performance.now() < deadline) await setTimeout(5);
  }

  refusal(errors: readonly unknown[], correlationId: string): OperationOutcome {
    const masked = maskErrors(errors, this.#masking(correlationId));
    return { result: { errors: masked }, status: statusOf(masked) };
  }

  async #authorize(
    { generation, stored, definition }: SelectedOperation,
    { context, variables }: OperationRequest<Context>,
  ): Promise<GatewayOperation> {
    const { holds, refuse } = this.#options;
    checkVariables(variables);
    try {
      const operation = await generation.operations.authorize(stored, definition, (name) => holds(context, name));
      // A stream pays once, for its first event: its events are bounded by its buffer.
      if (definition.operation === OperationTypeNode.SUBSCRIPTION)
        this.#demand?.admit(generation.costs, operation, variables ?? {}, context);
      return operation;
    } catch (error) {
      if (error instanceof PlatformError && error.code === 'FORBIDDEN') {
        await refuse?.(context, error.details['missing'] as readonly string[], variables ?? {});
      }
      throw error;
    }
  }

  async #source(
    { generation }: SelectedOperation,
    operation: GatewayOperation,
    request: OperationRequest<Context>,
  ): Promise<OperationStream | ExecutionResult> {
    const { contextPerEvent } = this.#options;
    return generation.engine.subscribe({
      operation,
      variables: request.variables ?? {},
      context: request.context,
      ...(contextPerEvent ? { contextPerEvent: () => contextPerEvent(request.context) } : {}),
    });
  }

  #deliver(
    source: OperationStream,
    request: OperationRequest<Context>,
    lease: { signal: AbortSignal; release(): void } | undefined,
  ): OperationStream {
    const masking = this.#masking(request.correlationId);
    const signals = [
      this.#closing.signal,
      ...(lease ? [lease.signal] : []),
      ...(request.signal ? [request.signal] : []),
    ];
    const stream = new DeliveryStream(source, {
      bufferMax: this.#streamLimits.bufferMax,
      stallSecondsMax: this.#streamLimits.stallSecondsMax,
      signal: AbortSignal.any(signals),
      mask: (result) => maskResult(result, masking),
      toResult: (error) => ({ errors: maskErrors([error], masking) }),
      onEnd: () => lease?.release(),
      onTaken: () => this.#streams.delete(stream),
    });
    this.#streams.add(stream);
    return stream;
  }

  #outcome(result: ExecutionResult, correlationId: string): OperationOutcome {
    const masked = maskResult(result, this.#masking(correlationId));
    const isRequestError = masked.data === undefined && masked.errors !== undefined;
    return { result: masked, status: isRequestError ? statusOf(masked.errors as GraphQLError[]) : 200 };
  }

  #masking(correlationId: string): ErrorMasking {
    return { correlationId, exposeErrors: this.#options.exposeErrors ?? false, logger: this.#options.logger };
  }
}

export function isSubscription({ definition }: SelectedOperation): boolean {
  return definition.operation === OperationTypeNode.SUBSCRIPTION;
}
