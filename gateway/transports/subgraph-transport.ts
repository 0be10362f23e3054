import type { DocumentNode, OperationTypeNode } from 'graphql';

/** An operation of a query plan, made once when the plan is compiled: transports may cache by its identity. */
export interface SubgraphOperation {
  readonly kind: `${OperationTypeNode}`;
  readonly text: string;
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
}

export interface SubgraphRequest {
  readonly operation: SubgraphOperation;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The context of the client's request, as authentication made it. */
  readonly context: unknown;
  readonly signal?: AbortSignal | undefined;
}

export interface SubgraphSubscription extends SubgraphRequest {
  /**
   * To be called once when an event arrives, if the subgraph executes in this process: gives the context of that
   * event. The rest of the plan runs in the same one.
   */
  readonly eventContext: () => unknown;
}

export interface SubgraphError {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

export interface SubgraphResult {
  readonly data?: unknown;
  readonly errors?: readonly SubgraphError[];
}

/**
 * The way to one subgraph. It throws when the subgraph cannot be asked or did not answer GraphQL (a `PlatformError`
 * tells why); what the subgraph itself reports is in the result. The engine owns the answer and may change it.
 */
export interface SubgraphTransport {
  execute(request: SubgraphRequest): Promise<SubgraphResult>;
  subscribe(request: SubgraphSubscription): Promise<AsyncIterable<SubgraphResult> | SubgraphResult>;
  close?(): Promise<void>;
}
