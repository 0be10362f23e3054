import type { GraphQLError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Audience } from '../kernel/federation/audience.js';
import { contractSupergraph } from './contract/contract-supergraph.js';
import type { Engine } from './engine/engine.js';
import { FederatedEngine } from './engine/federated-engine.js';
import type { GatewayLogger, SupergraphSource } from './gateway-options.js';
import { AccessRules } from './guard/access-rules.js';
import { DOCUMENT_LIMITS, type DocumentLimits } from './guard/document-limits.js';
import { DocumentStore, selectOperation, type StoredDocument } from './guard/document-store.js';
import { OperationStore } from './guard/operation-store.js';
import { composeSupergraph, type ComposedSupergraph } from './supergraph.js';
import type { SubgraphTransport } from './transports/subgraph-transport.js';

export type EngineFactory = (
  supergraph: ComposedSupergraph,
  transports: ReadonlyMap<string, SubgraphTransport>,
) => Promise<Engine>;

export interface RuntimeOptions {
  readonly supergraph: SupergraphSource;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  readonly logger: GatewayLogger;
  /** Whom the graph is shown to; every supergraph put in force is filtered for it. All of it unless given. */
  readonly contract?: Audience;
  readonly engineFactory?: EngineFactory;
  readonly documentLimits?: Partial<DocumentLimits>;
}

/** One supergraph in force, with everything derived from it. Requests and streams keep the one that they began with. */
export interface Generation {
  readonly supergraphSdl: string;
  readonly engine: Engine;
  readonly access: AccessRules;
  readonly documents: DocumentStore;
  readonly operations: OperationStore;
}

/** An operation found in a document, and the generation that will run it. */
export interface SelectedOperation {
  readonly generation: Generation;
  readonly stored: StoredDocument;
  readonly definition: OperationDefinitionNode;
}

/** Holds the supergraph in force, and replaces it atomically. */
export class GatewayRuntime {
  readonly #options: RuntimeOptions;
  readonly #transportsUsed = new Set<SubgraphTransport>();
  #generation: Generation | undefined;

  private constructor(options: RuntimeOptions) {
    this.#options = options;
  }

  static async start(options: RuntimeOptions): Promise<GatewayRuntime> {
    const runtime = new GatewayRuntime(options);
    runtime.#generation = await runtime.#generationOf(options.supergraph, options.transports);
    return runtime;
  }

  get generation(): Generation {
    if (!this.#generation) throw new Error('the runtime has not started');
    return this.#generation;
  }

  get apiSchema(): GraphQLSchema {
    return this.generation.engine.apiSchema;
  }

  /**
   * Puts another supergraph in force for all requests from now on. If it does not compose or lacks a transport, throws
   * and changes nothing. Running requests and streams go on with the old one.
   */
  async swap(
    supergraph: SupergraphSource,
    transports: ReadonlyMap<string, SubgraphTransport> = this.#options.transports,
  ): Promise<void> {
    try {
      this.#generation = await this.#generationOf(supergraph, transports);
    } catch (error) {
      this.#options.logger.error({ err: error }, 'the new supergraph was refused; the old one stays in force');
      throw error;
    }
    this.#options.logger.info({ subgraphs: [...transports.keys()] }, 'a new supergraph is in force');
  }

  /** Finds the operation that a request asks for, or all reasons why it is refused. */
  select(text: string, operationName: string | undefined): SelectedOperation | readonly GraphQLError[] {
    const { generation } = this;
    const stored = generation.documents.get(text);
    if (!('operations' in stored)) return stored;
    return { generation, stored, definition: selectOperation(stored, operationName) };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#transportsUsed].map(async (transport) => transport.close?.()));
  }

  async #generationOf(
    source: SupergraphSource,
    transports: ReadonlyMap<string, SubgraphTransport>,
  ): Promise<Generation> {
    const whole =
      'sdl' in source ? { sdl: source.sdl, urls: new Map<string, string>() } : composeSupergraph(source.subgraphs);
    const supergraph = { ...whole, sdl: contractSupergraph(whole.sdl, this.#options.contract ?? 'internal') };
    const makeEngine = this.#options.engineFactory ?? ownEngine;
    const engine = await makeEngine(supergraph, transports);
    const access = new AccessRules(supergraph.sdl, engine.apiSchema);
    for (const transport of transports.values()) this.#transportsUsed.add(transport);
    return {
      supergraphSdl: supergraph.sdl,
      engine,
      access,
      documents: new DocumentStore(engine.apiSchema, { ...DOCUMENT_LIMITS, ...this.#options.documentLimits }),
      operations: new OperationStore(access),
    };
  }
}

async function ownEngine(
  supergraph: ComposedSupergraph,
  transports: ReadonlyMap<string, SubgraphTransport>,
): Promise<Engine> {
  return new FederatedEngine({ supergraphSdl: supergraph.sdl, transports });
}
