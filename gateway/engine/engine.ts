import type { DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { FieldDenials } from './field-denials.js';

export type Variables = Readonly<Record<string, unknown>>;

/**
 * An operation that was parsed, validated against the API schema and checked by the guard.
 * Engines cache plans by the identity of this object: keep it, and pass the same one again.
 */
export interface GatewayOperation {
  /** The document as the client sent it. It shapes the response. */
  readonly document: DocumentNode;
  readonly definition: OperationDefinitionNode;
  /** What may be fetched: the document without the fields that the caller may not read. */
  readonly fetched: { readonly document: DocumentNode; readonly definition: OperationDefinitionNode };
  /** Fields to answer with null and an error instead of data; absent when nothing is denied. */
  readonly denials?: FieldDenials;
  /** Permissions of the operation that the caller lacks; absent when none. */
  readonly missing?: readonly string[];
}

export interface ExecutionRequest {
  readonly operation: GatewayOperation;
  readonly variables: Variables;
  /** Opaque to the gateway: passed to the transports. */
  readonly context: unknown;
  /** Aborts outstanding fetches. */
  readonly signal?: AbortSignal;
}

export interface SubscriptionRequest extends ExecutionRequest {
  /** Makes the context of one event, so that caches and loaders live no longer than the event. */
  readonly contextPerEvent?: (context: unknown) => unknown;
}

/** One later part of an answer to an operation with `@defer`. */
export interface DeferredPatch {
  readonly data?: unknown;
  /** Where the data belongs, from the root of the response. */
  readonly path: readonly (string | number)[];
  readonly label?: string;
  readonly errors?: readonly GraphQLError[];
}

/** One payload after the first: `incremental` may be missing in the last. */
export interface SubsequentResult {
  readonly incremental?: readonly DeferredPatch[];
  readonly hasNext: boolean;
}

/**
 * The answer to an operation with `@defer` of which something is still to come, as the incremental delivery proposal of
 * 2022-08-24 shapes it (https://github.com/graphql/graphql-over-http/blob/main/rfcs/IncrementalDelivery.md).
 */
export interface IncrementalResult {
  readonly initial: ExecutionResult & { readonly hasNext: true };
  readonly subsequent: AsyncGenerator<SubsequentResult, void, void>;
}

/** Executes operations against a supergraph. Everything else in the gateway sees only this. */
export interface Engine {
  /** The graph as clients see it: without `@inaccessible` elements and federation machinery. */
  readonly apiSchema: GraphQLSchema;
  /** Answers everything at once, whatever is marked `@defer`; without a promise if nothing was to be waited for. */
  execute(request: ExecutionRequest): ExecutionResult | Promise<ExecutionResult>;
  /** For a client that takes later parts: answers incrementally if something is deferred, else all at once. */
  executeIncrementally(request: ExecutionRequest): Promise<ExecutionResult | IncrementalResult>;
  subscribe(request: SubscriptionRequest): Promise<AsyncGenerator<ExecutionResult, void, void> | ExecutionResult>;
  /** Plans an operation before it is asked for, without holding up the event loop. Throws if it cannot be planned. */
  prepare?(operation: GatewayOperation): Promise<void>;
  /** The operations asked for most, most first: those to prepare another engine for. */
  mostUsed?(count: number): readonly GatewayOperation[];
  /** Frees what outlives requests. Called once nothing runs any more. */
  close?(): Promise<void>;
}
