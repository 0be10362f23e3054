import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parse } from 'graphql';
import { afterAll, describe, expect, it } from 'vitest';
import { gatewayOperation } from '../../testing/gateway-operation.js';
import { shopSupergraph } from '../../testing/shop-graph.js';
import type { GatewayOperation } from '../engine.js';
import { planGraph, planGraphAside } from './planned-graph.js';
import { GraphPlanner } from './graph-planner.js';
import { PlanWeights } from './plan-weight.js';
import { PlanningPace } from './planning-pace.js';
import { PlanningProcess } from './planning-process.js';

const planning = new PlanningProcess();
afterAll(async () => planning.close());
const { sdl } = shopSupergraph();

function operation(text: string): GatewayOperation {
  return gatewayOperation(parse(text));
}

const BELOW =
  '__typename title reviews { body author { name settings { theme } } product { title reviews { score } } }';
/** Takes some hundred milliseconds to plan. */
const LARGE = operation(`{ ${Array.from({ length: 12 }, (_, i) => `p${i}: products { ${BELOW} }`).join(' ')} }`);
const SMALL = operation('{ me { name } }');

describe('the weight of an operation', () => {
  const weights = new PlanWeights(planGraph(sdl, planning));

  it('counts the concrete types that a field may be read from, and the subgraphs that it may come from', () => {
    expect(weights.of(parse('{ me { email } }'))).toBe(2);
    expect(weights.of(parse('{ people { name } }'))).toBe(1 + 2 * 1);
    expect(weights.of(parse('{ me { settings { theme } } }'))).toBe(1 + 2 + 2);
  });

  it('counts a fragment wherever it is spread', () => {
    const fragment = 'fragment F on User { email role }';
    expect(weights.of(parse(`{ me { ...F } users { ...F ... on User { email } } } ${fragment}`))).toBe(7);
  });
});

describe('the pace of planning', () => {
  it('follows what plans take, and not one odd measurement', () => {
    const pace = new PlanningPace();
    const before = pace.estimate(100);
    pace.learn(100, 100_000);
    expect(pace.estimate(100)).toBeLessThan(before * 3);
    for (let count = 0; count < 100; count++) pace.learn(100, 4);
    expect(pace.estimate(100)).toBeCloseTo(4, 0);
  });
});

describe('the planner of operations', { timeout: 90_000 }, () => {
  it('plans small operations at once, without a process', () => {
    const { planner } = planGraph(sdl, planning);
    expect(planner.plan(SMALL)).toMatchObject({ kind: 'Fetch', serviceName: 'accounts' });
    expect(planning.isRunning).toBe(false);
  });

  it('plans large ones in the planning process, and the event loop goes on', async () => {
    const { planner } = planGraph(sdl, planning);
    await planning.load(0, sdl);
    const delay = monitorEventLoopDelay({ resolution: 2 });
    delay.enable();
    const startedAt = performance.now();
    const coming = planner.plan(LARGE);
    const heldUp = performance.now() - startedAt;
    expect(coming).toBeInstanceOf(Promise);
    const root = await coming;
    delay.disable();
    const took = performance.now() - startedAt;
    expect(root).toEqual(GraphPlanner.build(sdl).plan(LARGE.document));
    expect(heldUp).toBeLessThan(took / 4);
    expect(delay.max / 1e6).toBeLessThan(took / 2);
  });

  it('leaves all plans of a graph that was read aside to the planning process, until it may plan at once', async () => {
    const { planner } = await planGraphAside(sdl, planning);
    expect(await planner.plan(SMALL)).toMatchObject({ kind: 'Fetch', serviceName: 'accounts' });
    planner.planInline(await GraphPlanner.buildInTurns(sdl));
    expect(planner.plan(SMALL)).toMatchObject({ kind: 'Fetch', serviceName: 'accounts' });
    const large = planner.plan(LARGE);
    expect(large).toBeInstanceOf(Promise);
    expect(await large).toMatchObject({ kind: 'Sequence' });
  });
});
