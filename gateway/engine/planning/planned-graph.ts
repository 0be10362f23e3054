import { GraphPlanner } from './graph-planner.js';
import { apiSdlOf, buildGraphSchemas, buildGraphSchemasInTurns, type GraphSchemas } from './graph-schemas.js';
import { nextGraphNumber, OperationPlanner } from './operation-planner.js';
import type { PlanningThread } from './planning-thread.js';

/** A valid supergraph with all that is derived from it alone. */
export interface PlannedGraph extends GraphSchemas {
  readonly supergraphSdl: string;
  readonly planner: OperationPlanner;
}

/** Reads a supergraph on the calling thread: at start, when nobody waits. Throws if it is none. */
export function planGraph(supergraphSdl: string, thread: PlanningThread): PlannedGraph {
  const inline = GraphPlanner.build(supergraphSdl);
  const schemas = buildGraphSchemas({ supergraphSdl, apiSdl: apiSdlOf(inline) });
  const planner = new OperationPlanner({ supergraphSdl, schemas, thread, inline, graphNumber: nextGraphNumber() });
  return { ...schemas, supergraphSdl, planner };
}

/**
 * Reads a supergraph while requests are served: the thread checks it and builds its planner; here the schemas are built,
 * in turns with what else the event loop has to do. Until {@link OperationPlanner.planInline}, all plans are the thread's.
 */
export async function planGraphAside(supergraphSdl: string, thread: PlanningThread): Promise<PlannedGraph> {
  const graphNumber = nextGraphNumber();
  const schemas = await buildGraphSchemasInTurns(await thread.load(graphNumber, supergraphSdl));
  const planner = new OperationPlanner({ supergraphSdl, schemas, thread, graphNumber });
  return { ...schemas, supergraphSdl, planner };
}
