import { setTimeout } from 'node:timers/promises';
import type { GraphQLError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Counter } from 'prom-client';
import { isPlatformError, PlatformError } from '../kernel/errors/platform-error.js';
import type { Audience } from '../kernel/federation/audience.js';
import type { Metrics } from '../kernel/telemetry/metrics.js';
import { GraphPlanner } from './engine/planning/graph-planner.js';
import type { PlannedGraph } from './engine/planning/planned-graph.js';
import { PlanningProcess } from './engine/planning/planning-process.js';
import type { GatewayLogger, SupergraphSource } from './gateway-options.js';
import { GenerationBuilder, warm, type EngineFactory } from './generation/generation-builder.js';
import { knownOperation, type Generation, type KnownOperation } from './generation/generation.js';
import { LatestWins } from './generation/latest-wins.js';
import { SWAP_LIMITS, type SwapLimits } from './generation/swap-limits.js';
import type { SupergraphStatus, SwapOutcome, SwapReport } from './generation/swap-report.js';
import type { DocumentLimits } from './guard/document-limits.js';
import { selectOperation, type StoredDocument } from './guard/document-store.js';
import type { SubgraphTransport } from './transports/subgraph-transport.js';

export interface RuntimeOptions {
  readonly supergraph: SupergraphSource;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  readonly logger: GatewayLogger;
  readonly metrics?: Metrics;
  /** Whom the graph is shown to; every supergraph put in force is filtered for it. All of it unless given. */
  readonly contract?: Audience;
  readonly engineFactory?: EngineFactory;
  readonly documentLimits?: Partial<DocumentLimits>;
  /** Documents that every supergraph should know: planned before it comes into force, reported if it breaks them. */
  readonly trustedDocuments?: () => Iterable<string>;
  readonly swap?: Partial<SwapLimits>;
}

const SWAP_METRIC = 'gateway_supergraph_swap_total';

/** An operation found in a document, and the generation that will run it. */
export interface SelectedOperation {
  readonly generation: Generation;
  readonly stored: StoredDocument;
  readonly definition: OperationDefinitionNode;
}

/** An operation, or all reasons why it is refused. */
export type Selection = SelectedOperation | readonly GraphQLError[];

/** Holds the supergraph in force, and replaces it atomically. */
export class GatewayRuntime {
  readonly #options: RuntimeOptions;
  readonly #limits: SwapLimits;
  readonly #planning = new PlanningProcess();
  readonly #builder: GenerationBuilder;
  readonly #swaps = new LatestWins();
  readonly #retiring = new Set<Generation>();
  /** Those of supergraphs that were offered and not decided on. */
  readonly #offered = new Set<{ readonly transports: ReadonlyMap<string, SubgraphTransport> }>();
  readonly #closing = new AbortController();
  readonly #count: (outcome: SwapOutcome) => void;
  #generation: Generation | undefined;
  #inForceSince = new Date();
  #refused: SupergraphStatus['refused'];
  #inlining = new AbortController();

  private constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#limits = { ...SWAP_LIMITS, ...options.swap };
    const { contract, documentLimits, engineFactory, metrics } = options;
    this.#builder = new GenerationBuilder({ planning: this.#planning, contract, engineFactory, documentLimits });
    const counter = metrics && swapCounter(metrics);
    this.#count = (outcome) => counter?.inc({ outcome });
  }

  /** Throws if the supergraph does not compose, is none, or lacks a transport. */
  static async start(options: RuntimeOptions): Promise<GatewayRuntime> {
    const runtime = new GatewayRuntime(options);
    runtime.#generation = await runtime.#builder.buildAtStart(options.supergraph, options.transports);
    void runtime.#warmTrusted(runtime.#generation);
    return runtime;
  }

  get generation(): Generation {
    if (!this.#generation) throw new Error('the runtime has not started');
    return this.#generation;
  }

  get apiSchema(): GraphQLSchema {
    return this.generation.engine.apiSchema;
  }

  /** The transports of the supergraph in force, for one that keeps some of them. */
  get transports(): ReadonlyMap<string, SubgraphTransport> {
    return this.generation.transports;
  }

  get status(): SupergraphStatus {
    const { supergraphHash, transports } = this.generation;
    return {
      supergraphHash,
      subgraphs: [...transports.keys()],
      inForceSince: this.#inForceSince.toISOString(),
      retiring: this.#retiring.size,
      ...(this.#refused ? { refused: this.#refused } : {}),
    };
  }

  /**
   * Puts another supergraph in force for all requests from now on, once it is checked and prepared. If it does not
   * compose, is none, lacks a transport or cannot plan, throws and changes nothing. Running requests and streams go on
   * with the old one. Of several that wait only the latest is taken; the others throw `CONFLICT`.
   * The runtime closes the transports when nothing needs them any more, also those of a refused supergraph.
   */
  async swap(
    supergraph: SupergraphSource,
    transports: ReadonlyMap<string, SubgraphTransport> = this.transports,
  ): Promise<SwapReport> {
    const offer = { transports };
    this.#offered.add(offer);
    try {
      const report = await this.#swaps.run(async () => this.#swap(supergraph, transports));
      this.#count(report.outcome);
      return report;
    } catch (error) {
      this.#refuse(error);
      throw error;
    } finally {
      this.#offered.delete(offer);
      await this.#closeUnused(transports);
    }
  }

  /** Finds the operation that a request asks for, or all reasons why it is refused; later, if it takes long to read. */
  select(text: string, operationName: string | undefined): Selection | Promise<Selection> {
    const { generation } = this;
    const found = generation.documents.find(text);
    return found instanceof Promise
      ? found.then((stored) => selectionOf(generation, stored, operationName))
      : selectionOf(generation, found, operationName);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#inlining.abort();
    await this.#planning.close();
    const transports = [this.generation, ...this.#retiring].flatMap((generation) => [
      ...generation.transports.values(),
    ]);
    await Promise.all([...new Set(transports)].map(async (transport) => transport.close?.()));
  }

  async #swap(source: SupergraphSource, transports: ReadonlyMap<string, SubgraphTransport>): Promise<SwapReport> {
    const startedAt = performance.now();
    this.#inlining.abort();
    const old = this.generation;
    const sdl = await this.#builder.composeAside(source);
    if (sdl === old.supergraphSdl && transports === old.transports) {
      return { ...NOTHING_WARMED, outcome: 'unchanged', supergraphHash: old.supergraphHash, milliseconds: 0 };
    }
    const { generation, graph } = await this.#builder.buildAside(sdl, transports);
    const warming = await warm(generation, this.#knownOperations(old), this.#limits.warmSecondsMax);
    if (this.#closing.signal.aborted) throw new PlatformError('UNAVAILABLE', 'The gateway is shutting down.');
    this.#generation = generation;
    this.#inForceSince = new Date();
    this.#refused = undefined;
    void this.#retire(old);
    void this.#planInline(graph);
    const { supergraphHash } = generation;
    const milliseconds = Math.round(performance.now() - startedAt);
    const report: SwapReport = { ...warming, outcome: 'swapped', supergraphHash, milliseconds };
    this.#options.logger.info(
      { ...report, broken: report.broken.length, subgraphs: [...transports.keys()] },
      'a new supergraph is in force',
    );
    if (report.broken.length > 0) {
      this.#options.logger.warn({ broken: report.broken }, 'the new supergraph breaks operations that were in use');
    }
    return report;
  }

  #trustedOperations(): KnownOperation[] {
    return [...(this.#options.trustedDocuments?.() ?? [])].map((text) => ({ text, missing: [] }));
  }

  /** Beside the first requests: whoever comes earlier has its operation planned by itself. */
  async #warmTrusted(generation: Generation): Promise<void> {
    const { broken } = await warm(generation, this.#trustedOperations(), this.#limits.warmSecondsMax);
    if (broken.length === 0 || this.#closing.signal.aborted) return;
    this.#options.logger.warn({ broken }, 'the supergraph breaks trusted documents');
  }

  #knownOperations(old: Generation): KnownOperation[] {
    const used = old.engine.mostUsed(this.#limits.warmedMax).flatMap((operation) => knownOperation(operation) ?? []);
    return [...this.#trustedOperations(), ...used];
  }

  #refuse(error: unknown): void {
    if (isPlatformError(error) && error.code === 'CONFLICT') {
      this.#count('superseded');
      this.#options.logger.info({}, 'a supergraph was passed over: a newer one came');
      return;
    }
    this.#count('refused');
    this.#refused = { at: new Date().toISOString(), reason: error instanceof Error ? error.message : String(error) };
    this.#options.logger.error({ err: error }, 'the new supergraph was refused; the old one stays in force');
  }

  /** Lets a generation go when its last request and stream have ended, and closes what only it used. */
  async #retire(old: Generation): Promise<void> {
    this.#retiring.add(old);
    const needed = new Set(this.transports.values());
    if ([...old.transports.values()].some((transport) => !needed.has(transport))) {
      await this.#pause(this.#limits.farewellSeconds, this.#closing.signal);
    }
    await old.engine.retire();
    this.#retiring.delete(old);
    if (this.#closing.signal.aborted) return;
    await old.engine.close();
    await this.#closeUnused(old.transports);
  }

  /** Small operations are planned by the planning process at first. Building the planner here takes some tenths of a second. */
  async #planInline({ planner, supergraphSdl }: PlannedGraph): Promise<void> {
    const inlining = new AbortController();
    this.#inlining = inlining;
    await this.#pause(this.#limits.inlineAfterSeconds, inlining.signal);
    if (!inlining.signal.aborted) planner.planInline(await GraphPlanner.buildInTurns(supergraphSdl));
  }

  async #pause(seconds: number, signal: AbortSignal): Promise<void> {
    await setTimeout(seconds * 1_000, undefined, { ref: false, signal }).catch(() => undefined);
  }

  async #closeUnused(transports: ReadonlyMap<string, SubgraphTransport>): Promise<void> {
    const users = [this.generation, ...this.#retiring, ...this.#offered];
    const used = users.flatMap((user) => [...user.transports.values()]);
    const unused = new Set(transports.values()).difference(new Set(used));
    await Promise.all(
      [...unused].map(async (transport) =>
        transport.close?.().catch((error: unknown) => {
          this.#options.logger.warn({ err: error }, 'the transport to a subgraph did not close cleanly');
        }),
      ),
    );
  }
}

function selectionOf(
  generation: Generation,
  stored: StoredDocument | readonly GraphQLError[],
  operationName: string | undefined,
): Selection {
  if (!('operations' in stored)) return stored;
  return { generation, stored, definition: selectOperation(stored, operationName) };
}

/** A process may hold several gateways; they count together. */
function swapCounter(metrics: Metrics): Counter<'outcome'> {
  const known = metrics.registry.getSingleMetric(SWAP_METRIC) as Counter<'outcome'> | undefined;
  return known ?? metrics.counter(SWAP_METRIC, 'Supergraphs offered, by what became of them.', ['outcome']);
}

const NOTHING_WARMED = { planned: 0, left: 0, broken: [] };
