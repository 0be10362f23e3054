import './without-telemetry.js';
import { ApolloGateway } from '@apollo/gateway';
import { parse, print, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import type {
  RepresentationForm,
  SubgraphCall,
  SubgraphFetch,
  SubgraphTransport,
} from '../transports/subgraph-transport.js';
import type { Engine, ExecutionRequest, GatewayOperation } from './engine.js';
import type { JsonObject } from './json.js';

export interface StockEngineOptions {
  readonly supergraphSdl: string;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
}

type Loaded = Awaited<ReturnType<ApolloGateway['load']>>;
type StockRequest = Parameters<Loaded['executor']>[0];
type Service = ReturnType<NonNullable<NonNullable<ConstructorParameters<typeof ApolloGateway>[0]>['buildService']>>;

const OPERATIONS_MAX = 1_000;

/**
 * The executor of `@apollo/gateway` over the same transports: queries and mutations only. It is the oracle of the
 * differential test, and there for comparison. It cannot answer denied fields with null, so it refuses operations
 * that select any.
 */
export class StockEngine implements Engine {
  readonly apiSchema: GraphQLSchema;
  readonly #executor: Loaded['executor'];
  readonly #texts = new WeakMap<GatewayOperation, string>();

  private constructor(loaded: Loaded) {
    this.apiSchema = loaded.schema;
    this.#executor = loaded.executor;
  }

  static async start(options: StockEngineOptions): Promise<StockEngine> {
    const gateway = new ApolloGateway({
      supergraphSdl: options.supergraphSdl,
      buildService: ({ name }) => serviceOf(name, options.transports),
      logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    });
    return new StockEngine(await gateway.load());
  }

  async execute(request: ExecutionRequest): Promise<ExecutionResult> {
    const { operation, context, variables } = request;
    if (operation.denials) throw new PlatformError('FORBIDDEN', 'The operation selects fields that you may not read.');
    const query = this.#textOf(operation);
    const { definition, document } = operation;
    const operationName = definition.name?.value;
    const stockRequest = {
      request: { query, variables, ...(operationName === undefined ? {} : { operationName }) },
      document,
      operation: definition,
      operationName: operationName ?? null,
      queryHash: query,
      source: query,
      context,
      metrics: {},
      schema: this.apiSchema,
    };
    return (await this.#executor(stockRequest as unknown as StockRequest)) as ExecutionResult;
  }

  async executeIncrementally(request: ExecutionRequest): Promise<ExecutionResult> {
    return this.execute(request);
  }

  async subscribe(): Promise<ExecutionResult> {
    throw new PlatformError('BAD_REQUEST', 'The stock engine has no subscriptions.');
  }

  #textOf(operation: GatewayOperation): string {
    let text = this.#texts.get(operation);
    if (text === undefined) {
      text = print(operation.document);
      this.#texts.set(operation, text);
    }
    return text;
  }
}

function serviceOf(name: string, transports: ReadonlyMap<string, SubgraphTransport>): Service {
  const transport = transports.get(name);
  if (!transport) throw new Error(`the supergraph names the subgraph "${name}", and there is no transport to it`);
  const operations = new LRUCache<string, SubgraphFetch>({ max: OPERATIONS_MAX });
  const service = {
    async process({ request, context }: { request: StockFetch; context: unknown }): Promise<unknown> {
      const { query: text = '', variables = {}, operationName } = request;
      let fetch = operations.get(text);
      if (!fetch) {
        const kind = text.startsWith('mutation') ? 'mutation' : 'query';
        fetch = transport.compile({ kind, text, document: parse(text, { noLocation: true }), operationName });
        operations.set(text, fetch);
      }
      return fetch(callOf(variables, transport.representationForm, context));
    },
  };
  return service as unknown as Service;
}

function callOf(
  { representations, ...variables }: Record<string, unknown>,
  form: RepresentationForm,
  context: unknown,
): SubgraphCall {
  if (!Array.isArray(representations)) return { variables, context };
  const objects = representations as JsonObject[];
  return {
    variables,
    context,
    representations: { representations: form === 'json' ? objects.map((object) => JSON.stringify(object)) : objects },
  };
}

interface StockFetch {
  readonly query?: string;
  readonly operationName?: string;
  readonly variables?: Record<string, unknown>;
}

function ignore(): void {
  // The gateway's own logger has its say elsewhere.
}
