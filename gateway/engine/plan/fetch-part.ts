import type { FetchNode } from '@apollo/query-planner';
import type { SubgraphError, SubgraphOperation, SubgraphResult } from '../../transports/subgraph-transport.js';
import type { Path } from '../json.js';
import { compileEntityPart } from './entity-part.js';
import type { FetchCompilation } from './fetch-compilation.js';
import { fetchOperation } from './fetch-operation.js';
import type { PlanRun } from './plan-run.js';
import type { Batch } from './representations.js';
import { compileRootPart } from './root-part.js';

/** An error of a subgraph, and where in the part's own answer it belongs; without a path it concerns the whole. */
export interface PartError {
  readonly error: SubgraphError;
  readonly path: Path | undefined;
}

/** What one fetch was answered, however it was sent. */
export interface PartAnswer {
  /** For a fetch of entities what `_entities` answered; for one of root fields, the object of them. */
  readonly data: unknown;
  readonly errors: readonly PartError[];
  /** True if the data belongs to others, too: it is merged as a copy, and never changed. */
  readonly isShared: boolean;
}

/** One fetch of a plan apart from how it is sent: alone, or together with others in one request. */
export interface FetchPart {
  readonly service: string;
  readonly operation: SubgraphOperation;
  readonly variableUsages: readonly string[];
  /** True for a fetch of `_entities`. */
  readonly isOfEntities: boolean;
  /** What to ask for now; undefined if there is nothing to ask. A fetch of root fields asks for no entities. */
  select(run: PlanRun): Batch | undefined;
  absorb(run: PlanRun, batch: Batch, answer: PartAnswer): void;
}

export function compileFetchPart(node: FetchNode, path: readonly string[], compilation: FetchCompilation): FetchPart {
  const operation = fetchOperation(node, compilation);
  return node.requires
    ? compileEntityPart(node, node.requires, operation, path, compilation)
    : compileRootPart(node, operation, path, compilation);
}

const NO_ERRORS: readonly PartError[] = [];

/** The answer to a part that was sent alone. */
export function wholeAnswer(part: FetchPart, { data, errors, isShared = false }: SubgraphResult): PartAnswer {
  const own = part.isOfEntities ? fieldOf(data, '_entities') : data;
  if (!errors || errors.length === 0) return { data: own, errors: NO_ERRORS, isShared };
  const skipped = part.isOfEntities ? 1 : 0;
  return { data: own, errors: errors.map((error) => ({ error, path: error.path?.slice(skipped) })), isShared };
}

/** The data, for one that changes it. */
export function ownData({ data, isShared }: PartAnswer): unknown {
  return isShared ? structuredClone(data) : data;
}

export function fieldOf(data: unknown, name: string): unknown {
  return typeof data === 'object' && data !== null && name in data
    ? (data as Record<string, unknown>)[name]
    : undefined;
}
