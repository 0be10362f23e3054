import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { isPlatformError } from '../../kernel/errors/platform-error.js';
import type { Audience } from '../../kernel/federation/audience.js';
import { contractSupergraph } from '../contract/contract-supergraph.js';
import type { Engine } from '../engine/engine.js';
import { FederatedEngine } from '../engine/federated-engine.js';
import { nextTurn } from '../engine/planning/next-turn.js';
import { planGraph, planGraphAside, type PlannedGraph } from '../engine/planning/planned-graph.js';
import type { PlanningProcess } from '../engine/planning/planning-process.js';
import type { SupergraphSource } from '../gateway-options.js';
import { AccessRules } from '../guard/access-rules.js';
import { CostRules } from '../guard/cost/cost-rules.js';
import { OperationCosts } from '../guard/cost/operation-costs.js';
import { DOCUMENT_LIMITS, type DocumentLimits } from '../guard/document-limits.js';
import { DocumentStore } from '../guard/document-store.js';
import { OperationStore } from '../guard/operation-store.js';
import { composeSupergraph } from '../supergraph.js';
import type { SubgraphTransport } from '../transports/subgraph-transport.js';
import { canaryOperation } from './canary-operation.js';
import type { Generation, KnownOperation } from './generation.js';
import { LeasedEngine } from './leased-engine.js';

/** Makes another engine than ours. */
export type EngineFactory = (
  supergraphSdl: string,
  transports: ReadonlyMap<string, SubgraphTransport>,
) => Promise<Engine>;

export interface GenerationBuilderOptions {
  readonly planning: PlanningProcess;
  /** Whom the graph is shown to: all of it unless given. */
  readonly contract?: Audience | undefined;
  readonly engineFactory?: EngineFactory | undefined;
  readonly documentLimits?: Partial<DocumentLimits> | undefined;
}

/** An operation that was in use, and that the new supergraph does not know any more, or cannot plan. */
export interface BrokenOperation {
  readonly operationName?: string;
  /** The beginning of its text. */
  readonly text: string;
  readonly reasons: readonly string[];
}

export interface Warming {
  /** Operations that were planned. */
  readonly planned: number;
  /** Operations that the time did not suffice for. */
  readonly left: number;
  readonly broken: readonly BrokenOperation[];
}

const SHOWN_TEXT_LENGTH_MAX = 200;
const WARMED_AT_ONCE = 4;

/** Builds generations: at once when the process starts, or beside the requests that the one in force serves. */
export class GenerationBuilder {
  readonly #options: GenerationBuilderOptions;

  constructor(options: GenerationBuilderOptions) {
    this.#options = options;
  }

  /** Throws if the supergraph does not compose, is none, or lacks a transport. Takes the event loop for itself. */
  async buildAtStart(
    source: SupergraphSource,
    transports: ReadonlyMap<string, SubgraphTransport>,
  ): Promise<Generation> {
    const sdl = this.#shown('sdl' in source ? source.sdl : composeSupergraph(source.subgraphs).sdl);
    if (this.#options.engineFactory)
      return generationOf(sdl, await this.#options.engineFactory(sdl, transports), transports, this.#options);
    const graph = planGraph(sdl, this.#options.planning);
    return generationOf(sdl, new FederatedEngine({ supergraphSdl: sdl, graph, transports }), transports, this.#options);
  }

  /** The text of a supergraph, composed in the planning process if need be. Throws `CompositionError`. */
  async composeAside(source: SupergraphSource): Promise<string> {
    return this.#shown('sdl' in source ? source.sdl : await this.#options.planning.compose(source.subgraphs));
  }

  #shown(supergraphSdl: string): string {
    return contractSupergraph(supergraphSdl, this.#options.contract ?? 'internal');
  }

  /** As {@link buildAtStart}; what takes long is done in the planning process, and the rest in turns with requests. */
  async buildAside(
    supergraphSdl: string,
    transports: ReadonlyMap<string, SubgraphTransport>,
  ): Promise<{ readonly generation: Generation; readonly graph: PlannedGraph }> {
    const graph = await planGraphAside(supergraphSdl, this.#options.planning);
    await nextTurn();
    const engine =
      (await this.#options.engineFactory?.(supergraphSdl, transports)) ??
      new FederatedEngine({ supergraphSdl, graph, transports });
    const generation = generationOf(supergraphSdl, engine, transports, this.#options);
    await planCanary(generation);
    return { generation, graph };
  }
}

function generationOf(
  supergraphSdl: string,
  engine: Engine,
  transports: ReadonlyMap<string, SubgraphTransport>,
  { documentLimits }: GenerationBuilderOptions,
): Generation {
  const access = new AccessRules(supergraphSdl, engine.apiSchema);
  return {
    supergraphSdl,
    supergraphHash: createHash('sha256').update(supergraphSdl).digest('hex'),
    transports,
    isRemote: transports.values().every(({ representationForm }) => representationForm === 'json'),
    engine: new LeasedEngine(engine),
    access,
    documents: new DocumentStore(engine.apiSchema, { ...DOCUMENT_LIMITS, ...documentLimits }),
    operations: new OperationStore(access),
    costs: new OperationCosts(new CostRules(engine.apiSchema, supergraphSdl)),
  };
}

/** A supergraph by which nothing can be planned is not fit to serve. */
async function planCanary(generation: Generation): Promise<void> {
  const text = canaryOperation(generation.engine.apiSchema);
  const reasons = text === undefined ? [] : await prepare(generation, { text, missing: [] });
  if (reasons.length > 0) throw new Error(`the canary ${text ?? ''} cannot be planned: ${reasons.join('; ')}`);
}

/** Plans operations before a generation is in force, as far as the time suffices; says which of them it breaks. */
export async function warm(
  generation: Generation,
  operations: readonly KnownOperation[],
  secondsMax: number,
): Promise<Warming> {
  const end = performance.now() + secondsMax * 1_000;
  const waiting = operations.values();
  const broken: BrokenOperation[] = [];
  let done = 0;
  const proceed = async (): Promise<void> => {
    for (const operation of waiting) {
      const reasons = await prepare(generation, operation);
      const { missing: _, ...shown } = operation;
      if (reasons.length > 0) broken.push({ ...shown, text: shown.text.slice(0, SHOWN_TEXT_LENGTH_MAX), reasons });
      done += 1;
      await nextTurn();
      if (performance.now() > end) break;
    }
  };
  // One after another for the event loop; the next waits in the planning process's queue while one is compiled here.
  await Promise.all(Array.from({ length: WARMED_AT_ONCE }, proceed));
  return { planned: done - broken.length, left: operations.length - done, broken };
}

/** Validates and plans; answers why it cannot be done. */
async function prepare(generation: Generation, { text, operationName, missing }: KnownOperation): Promise<string[]> {
  const { documents, engine, operations } = generation;
  const stored = documents.get(text);
  if (!('operations' in stored)) return stored.map(({ message }) => message);
  const named = operationName === undefined ? [...stored.operations.values()] : [stored.operations.get(operationName)];
  const reasons: string[] = [];
  for (const definition of named) {
    try {
      if (definition) await engine.prepare(operations.variant(stored, definition, missing));
      else reasons.push(`the document holds no operation "${operationName ?? ''}"`);
    } catch (error) {
      // Whoever lacks these permissions may not run it at all: there is nothing to plan.
      if (isPlatformError(error) && error.code === 'FORBIDDEN') continue;
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  return reasons;
}
