import type { DocumentNode, FieldNode, GraphQLSchema, OperationTypeNode } from 'graphql';
import type { JsonObject } from '../engine/json.js';

/** An operation of a query plan, made once when the plan is compiled: transports may cache by its identity. */
export interface SubgraphOperation {
  readonly kind: `${OperationTypeNode}`;
  readonly text: string;
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  /**
   * Selections of `__typename` that need only be found where it is read: a transport in this process may put the name on
   * the prototype of an answer's object. Settled before the operation is first used.
   */
  readonly hiddenTypeNames?: ReadonlySet<FieldNode>;
}

/** One use of a compiled operation. */
export interface SubgraphCall {
  /** The operation's variables, without those of representations. */
  readonly variables: Readonly<Record<string, unknown>>;
  /**
   * For fetches of entities: by the name of the operation's variable, what `_entities` is asked for. An operation that
   * is merged from several fetches has several of them.
   */
  readonly representations?: Readonly<Record<string, Representations>> | undefined;
  /** The context of the client's request, as authentication made it. */
  readonly context: unknown;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks the subgraph once. Throws or rejects when it cannot be asked or does not answer GraphQL. Answers at once if it
 * can: waiting for a promise costs more than many a fetch in process.
 */
export type SubgraphFetch = (call: SubgraphCall) => SubgraphResult | Promise<SubgraphResult>;

/** How representations are handed over: each as the text of its JSON, ready to be sent, or as an object. */
export type RepresentationForm = 'json' | 'object';

/** In the transport's {@link RepresentationForm}. */
export type Representations = readonly string[] | readonly JsonObject[];

export interface SubgraphSubscription extends Omit<SubgraphCall, 'representations'> {
  readonly operation: SubgraphOperation;
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
  /** True if others were handed the same objects: the engine then copies what it would change. */
  readonly isShared?: boolean | undefined;
}

/**
 * The way to one subgraph. It throws when the subgraph cannot be asked or did not answer GraphQL (a `PlatformError`
 * tells why); what the subgraph itself reports is in the result. The engine may change an answer that is not shared.
 */
export interface SubgraphTransport {
  readonly representationForm: RepresentationForm;
  /**
   * Given if answers can be taken as they are: they are new plain objects that hold what was selected, completed by this
   * schema, in its order, and nothing else.
   */
  readonly schema?: GraphQLSchema | undefined;
  /** Called once for each operation of a compiled plan: whatever does not depend on a call is done here. */
  compile(operation: SubgraphOperation): SubgraphFetch;
  subscribe(request: SubgraphSubscription): Promise<AsyncIterable<SubgraphResult> | SubgraphResult>;
  close?(): Promise<void>;
}
