import { GraphPlanner } from './graph-planner.js';
import { apiSdlOf, buildGraphSchemas, buildGraphSchemasInTurns, type GraphSchemas } from './graph-schemas.js';
import { nextGraphNumber, OperationPlanner } from './operation-planner.js';
import type { PlanningProcess } from './planning-process.js';

/** A valid supergraph with all that is derived from it alone. */
export interface PlannedGraph extends GraphSchemas {
  readonly supergraphSdl: string;
  readonly planner: OperationPlanner;
}

/** When the process has started, and if no operation came before. */
const PREPARE_AFTER_MILLISECONDS = 500;

/**
 * Reads a supergraph on the calling thread: at start, when nobody waits. Throws if it is none. What only planning needs
 * is made by the first plan, or a moment later.
 */
export function planGraph(supergraphSdl: string, planning: PlanningProcess): PlannedGraph {
  const inline = GraphPlanner.build(supergraphSdl);
  const schemas = buildGraphSchemas({ supergraphSdl, apiSdl: apiSdlOf(inline) });
  const planner = new OperationPlanner({ supergraphSdl, schemas, planning, inline, graphNumber: nextGraphNumber() });
  setTimeout(() => inline.prepare(), PREPARE_AFTER_MILLISECONDS).unref();
  return { ...schemas, supergraphSdl, planner };
}

/**
 * Reads a supergraph while requests are served: the planning process checks it and builds its planner; here the schemas are built,
 * in turns with what else the event loop has to do. Until {@link OperationPlanner.planInline}, all plans are the planning process's.
 */
export async function planGraphAside(supergraphSdl: string, planning: PlanningProcess): Promise<PlannedGraph> {
  const graphNumber = nextGraphNumber();
  const schemas = await buildGraphSchemasInTurns(await planning.load(graphNumber, supergraphSdl));
  const planner = new OperationPlanner({ supergraphSdl, schemas, planning, graphNumber });
  return { ...schemas, supergraphSdl, planner };
}
