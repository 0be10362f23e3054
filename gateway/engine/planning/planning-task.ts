import type { ErrorCode } from '../../../kernel/errors/error-codes.js';
import type { SubgraphDefinition } from '../../supergraph.js';
import type { PlanRoot } from './graph-planner.js';
import type { ReadGraph } from './graph-schemas.js';

/** What a planning process is asked, and what it answers. All of it is plain data. */
export interface PlanningTasks {
  /** Composes subgraphs into a supergraph. */
  readonly compose: { readonly input: { readonly subgraphs: readonly SubgraphDefinition[] }; readonly output: string };
  /** Checks a supergraph and builds its planner, which the planning process keeps under the number for tasks to come. */
  readonly load: {
    readonly input: { readonly graph: number; readonly supergraphSdl: string };
    readonly output: ReadGraph;
  };
  /** Plans the one operation of a valid document. Fails with `isGraphUnknown` if the planning process does not keep the graph. */
  readonly plan: {
    readonly input: { readonly graph: number; readonly document: string };
    readonly output: { readonly root: PlanRoot; readonly milliseconds: number };
  };
}

export type PlanningTaskKind = keyof PlanningTasks;

export type PlanningTask = {
  [Kind in PlanningTaskKind]: { readonly kind: Kind } & PlanningTasks[Kind]['input'];
}[PlanningTaskKind];

export interface PlanningFailure {
  readonly message: string;
  readonly code?: ErrorCode;
  /** Why subgraphs do not compose. */
  readonly faults?: readonly string[];
  readonly isGraphUnknown?: boolean;
}

export type PlanningAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly output: PlanningTasks[PlanningTaskKind]['output'] }
  | { readonly kind: 'failed'; readonly failure: PlanningFailure };
