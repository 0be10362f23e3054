import { OperationTypeNode, type ExecutionResult, type GraphQLError } from 'graphql';
import { PlatformError } from '../kernel/errors/platform-error.js';
import { ClientPresence } from './client-presence.js';
import type { GatewayOperation, IncrementalResult } from './engine/engine.js';
import type { GatewayOptions } from './gateway-options.js';
import { DemandControl } from './guard/cost/demand-control.js';
import { DocumentResolver } from './guard/documents/document-resolver.js';
import { trustedDocumentsOf } from './guard/documents/trusted-documents-of.js';
import { TrustedDocuments } from './guard/documents/trusted-documents.js';
import { maskErrors, maskResult, statusOf, type ErrorMasking } from './guard/mask-errors.js';
import { maskIncrementally } from './guard/mask-incrementally.js';
import { withinDeadline } from './guard/operation-deadline.js';
import { checkVariables } from './guard/variable-limits.js';
import { QuerySharing } from './query-sharing.js';
import type { GatewayRuntime, SelectedOperation, Selection } from './runtime.js';
import type { DeliveryStream } from './streams/delivery-stream.js';
import { Subscriptions } from './streams/subscriptions.js';

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
  /** Of this operation alone: aborted when its client goes and nobody shares its answer, or at its deadline. */
  readonly presence?: ClientPresence;
  /** For a subscription: the position to continue after, instead of what its variable says. */
  readonly resumeAfter?: string;
}

export interface OperationOutcome {
  readonly result: ExecutionResult;
  /** For a request that was refused as a whole, the status its first error asks for; else 200. */
  readonly status: number;
  /** Whether others get the same data: writing it as text once is enough. */
  readonly isShared?: boolean;
}

/** An answer in parts: the first, and then the rest. */
export type IncrementalOutcome = IncrementalResult;

const OPERATION_SECONDS_MAX = 30;

/** Runs operations: guard, access, engine, and masking of errors. The same for HTTP, WebSockets and server-sent events. */
export class OperationService<Context extends object> {
  readonly runtime: GatewayRuntime;
  readonly #options: GatewayOptions<Context>;
  readonly #sharing = new QuerySharing();
  readonly #demand: DemandControl<Context> | undefined;
  readonly #documents: DocumentResolver;
  readonly #subscriptions: Subscriptions<Context>;
  readonly #secondsMax: number;

  constructor(runtime: GatewayRuntime, options: GatewayOptions<Context>) {
    this.runtime = runtime;
    this.#options = options;
    this.#secondsMax = options.operationSecondsMax ?? OPERATION_SECONDS_MAX;
    const { isAutomatic = true, mode = 'off' } = options.documents ?? {};
    const trusted = new TrustedDocuments(trustedDocumentsOf(options));
    this.#documents = new DocumentResolver({ isAutomatic, mode, trusted, logger: options.logger });
    this.#demand = options.demand && new DemandControl(options.demand);
    this.#subscriptions = new Subscriptions({
      gateway: options,
      authorize: async (selected, request) => this.#authorize(selected, request),
      maskingOf: (correlationId) => this.#masking(correlationId),
    });
  }

  /** The operation that a request asks for, or why it is refused; later, if it takes long to read. */
  select(
    request: Omit<OperationRequest<Context>, 'context'>,
  ): SelectedOperation | OperationOutcome | Promise<SelectedOperation | OperationOutcome> {
    const { correlationId } = request;
    try {
      const document = this.#documents.resolve(request);
      const settle = (selection: Selection): SelectedOperation | OperationOutcome => {
        if (!('generation' in selection)) return this.refusal(selection, correlationId);
        document.remember();
        return selection;
      };
      const selection = this.runtime.select(document.text, request.operationName ?? undefined);
      if (!(selection instanceof Promise)) return settle(selection);
      return selection.then(settle).catch((error: unknown) => this.refusal([error], correlationId));
    } catch (error) {
      return this.refusal([error], correlationId);
    }
  }

  async execute(selected: SelectedOperation, request: OperationRequest<Context>): Promise<OperationOutcome> {
    const { generation } = selected;
    const { accessIdentity } = this.#options;
    try {
      const authorized = this.#authorize(selected, request);
      const operation = authorized instanceof Promise ? await authorized : authorized;
      const { context } = request;
      const variables = request.variables ?? {};
      const admission = this.#demand?.admit(generation.costs, operation, variables, context);
      const presence = request.presence ?? new ClientPresence();
      const run = (): ExecutionResult | Promise<ExecutionResult> =>
        withinDeadline(this.#secondsMax, presence, (signal) =>
          generation.engine.execute({ operation, context, variables, signal }),
        );
      const { result, isShared } = waitsForItsTurn(selected)
        ? await this.#sharing.ask({ operation, variables, caller: () => accessIdentity?.(context) }, presence, run)
        : { result: await run(), isShared: false };
      return this.#outcome(admission?.settle(result) ?? result, request.correlationId, isShared);
    } catch (error) {
      return this.refusal([error], request.correlationId);
    }
  }

  /** As {@link execute}, for a client that takes parts of the answer later. */
  async executeIncrementally(
    selected: SelectedOperation,
    request: OperationRequest<Context>,
  ): Promise<OperationOutcome | IncrementalOutcome> {
    const { generation } = selected;
    const { context, correlationId } = request;
    const variables = request.variables ?? {};
    try {
      const operation = await this.#authorize(selected, request);
      const admission = this.#demand?.admit(generation.costs, operation, variables, context);
      // Later parts have no deadline, and end with their client.
      const result = await withinDeadline(this.#secondsMax, request.presence, async (signal) =>
        generation.engine.executeIncrementally({ operation, context, variables, signal }),
      );
      // What comes in parts has paid what it was estimated to cost.
      if (!('initial' in result)) return this.#outcome(admission?.settle(result) ?? result, correlationId);
      return maskIncrementally(result, this.#masking(correlationId));
    } catch (error) {
      return this.refusal([error], correlationId);
    }
  }

  /** Opens a stream; see `Subscriptions`. */
  async subscribe(
    selected: SelectedOperation,
    request: OperationRequest<Context>,
  ): Promise<DeliveryStream | OperationOutcome> {
    try {
      const opened = await this.#subscriptions.open(selected, request);
      return 'isEnded' in opened ? opened : this.#outcome(opened, request.correlationId);
    } catch (error) {
      return this.refusal([error], request.correlationId);
    }
  }

  /** Goes on with another context of the same caller, where its stream stands. */
  async renew(stream: DeliveryStream, context: Context): Promise<void> {
    await this.#subscriptions.renew(stream, context);
  }

  /** Ends all streams, telling clients to come back, and waits a moment for them to hear it. */
  async endStreams(): Promise<void> {
    await this.#subscriptions.end();
  }

  refusal(errors: readonly unknown[], correlationId: string): OperationOutcome {
    const masked = maskErrors(errors, this.#masking(correlationId));
    return { result: { errors: masked }, status: statusOf(masked) };
  }

  #authorize(
    selected: SelectedOperation,
    request: OperationRequest<Context>,
  ): GatewayOperation | Promise<GatewayOperation> {
    checkVariables(request.variables);
    const { definition, generation } = selected;
    const isStream = definition.operation === OperationTypeNode.SUBSCRIPTION;
    const free = isStream ? undefined : generation.operations.free(selected.stored, definition);
    return free ?? this.#authorizeByPermissions(selected, request);
  }

  async #authorizeByPermissions(
    { generation, stored, definition }: SelectedOperation,
    { context, variables }: OperationRequest<Context>,
  ): Promise<GatewayOperation> {
    const { holds, refuse } = this.#options;
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

  #outcome(result: ExecutionResult, correlationId: string, isShared = false): OperationOutcome {
    const masked = maskResult(result, this.#masking(correlationId));
    const isRequestError = masked.data === undefined && masked.errors !== undefined;
    return { result: masked, status: isRequestError ? statusOf(masked.errors as GraphQLError[]) : 200, isShared };
  }

  #masking(correlationId: string): ErrorMasking {
    return { correlationId, exposeErrors: this.#options.exposeErrors ?? false, logger: this.#options.logger };
  }
}

/** Over HTTP fetches are shared, and waiting costs more than it gains. */
function waitsForItsTurn({ definition, generation }: SelectedOperation): boolean {
  return definition.operation === OperationTypeNode.QUERY && !generation.isRemote;
}

export function isSubscription({ definition }: SelectedOperation): boolean {
  return definition.operation === OperationTypeNode.SUBSCRIPTION;
}
