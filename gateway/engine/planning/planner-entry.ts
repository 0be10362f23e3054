import { parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { CompositionError, composeSupergraph } from '../../supergraph.js';
import { GraphPlanner } from './graph-planner.js';
import { apiSdlOf } from './graph-schemas.js';
import type {
  PlanningAnswer,
  PlanningFailure,
  PlanningTask,
  PlanningTaskKind,
  PlanningTasks,
} from './planning-task.js';

/** The graph in force, the one before, and a candidate. */
const GRAPHS_MAX = 3;

const planners = new LRUCache<number, GraphPlanner>({ max: GRAPHS_MAX });

/** The entry of the planning process: answers one task after another, and ends with the process that started it. */
process.on('message', (task) => answer(answerTo(task as PlanningTask)));
process.on('disconnect', () => process.exit());
answer({ kind: 'ready' });

function answer(message: PlanningAnswer): void {
  process.send?.(message);
}

function answerTo(task: PlanningTask): PlanningAnswer {
  try {
    return { kind: 'done', output: perform(task) };
  } catch (error) {
    return { kind: 'failed', failure: failureOf(error) };
  }
}

function perform(task: PlanningTask): PlanningTasks[PlanningTaskKind]['output'] {
  switch (task.kind) {
    case 'compose':
      return composeSupergraph(task.subgraphs).sdl;
    case 'load': {
      const planner = planners.get(task.graph) ?? GraphPlanner.build(task.supergraphSdl);
      planner.prepare();
      planners.set(task.graph, planner);
      return { supergraphSdl: task.supergraphSdl, apiSdl: apiSdlOf(planner) };
    }
    case 'plan': {
      const planner = planners.get(task.graph);
      if (!planner) throw new GraphUnknownError(task.graph);
      const startedAt = performance.now();
      const root = planner.plan(parse(task.document, { noLocation: true }));
      return { root, milliseconds: performance.now() - startedAt };
    }
  }
}

function failureOf(error: unknown): PlanningFailure {
  if (error instanceof CompositionError) return { message: error.message, faults: error.faults };
  if (error instanceof GraphUnknownError) return { message: error.message, isGraphUnknown: true };
  if (error instanceof PlatformError) return { message: error.message, code: error.code };
  return { message: error instanceof Error ? error.message : String(error) };
}

class GraphUnknownError extends Error {
  constructor(graph: number) {
    super(`the graph ${graph} is not loaded`);
    this.name = 'GraphUnknownError';
  }
}
