import { describe, expect, it } from 'vitest';
import { type AllocationState, type AllocationTransition, allocationLifecycle } from './allocation-lifecycle.js';

/**
 * A model of two requests on two machines of one unit each, with agents, deliveries that repeat, crashes before and
 * after each effect, deadlines, retries and operators. The states come from the real table; the search is exhaustive.
 */
interface Request {
  state: AllocationState | 'none';
  node: number | null;
  fence: number;
  holds: boolean;
  wantsRelease: boolean;
  isCleaning: boolean;
}
interface Order {
  request: number;
  node: number;
  fence: number;
  kind: 'up' | 'down';
}
interface World {
  requests: Request[];
  /** In the database, deliverable again and again until reported or overtaken. */
  queued: Order[];
  /** At an agent, not begun. */
  inHand: Order[];
  reports: (Order & { isDone: boolean })[];
  agents: { running: number[]; fences: number[] }[];
}

const FENCE_MAX = 4;
const NONE: Request = { state: 'none', node: null, fence: 0, holds: false, wantsRelease: false, isCleaning: false };
const START: World = {
  requests: [{ ...NONE }, { ...NONE }],
  queued: [],
  inHand: [],
  reports: [],
  agents: [
    { running: [], fences: [0, 0] },
    { running: [], fences: [0, 0] },
  ],
};

const same = (left: Order, right: Order): boolean => left.request === right.request && left.fence === right.fence;

function move(request: Request, transition: AllocationTransition): void {
  const to = request.state === 'none' ? null : allocationLifecycle.next(request.state, transition);
  if (to === null) throw new Error(`${request.state} cannot ${transition}`);
  request.state = to;
}

function order(world: World, at: number, kind: Order['kind']): void {
  const request = world.requests[at]!;
  request.fence += 1;
  world.queued = world.queued.filter((queued) => queued.request !== at);
  world.queued.push({ request: at, node: request.node!, fence: request.fence, kind });
}

const freeNode = (world: World): number =>
  [0, 1].findIndex((node) => !world.requests.some((request) => request.holds && request.node === node));

function place(world: World, at: number): void {
  Object.assign(world.requests[at]!, { node: freeNode(world), holds: true });
  move(world.requests[at]!, 'place');
  order(world, at, 'up');
}

function beginRelease(world: World, at: number): void {
  move(world.requests[at]!, 'release');
  world.requests[at]!.isCleaning = true;
  order(world, at, 'down');
}

function fail(world: World, at: number): void {
  move(world.requests[at]!, 'fail');
  world.requests[at]!.isCleaning = true;
  order(world, at, 'down');
}

/** One attempt is all there is here: the next failure blocks. */
function block(request: Request): void {
  request.isCleaning = false;
  if (request.state === 'releasing') move(request, 'fail_release');
}

function free(request: Request): void {
  Object.assign(request, { holds: false, isCleaning: false });
  if (request.state === 'releasing') move(request, 'confirm_cleanup');
}

function applyReport(world: World, report: Order & { isDone: boolean }): void {
  const request = world.requests[report.request]!;
  world.queued = world.queued.filter((queued) => !same(queued, report));
  if (request.fence !== report.fence || !request.holds) return;
  if (report.kind === 'up' && request.state === 'provisioning') {
    if (!report.isDone) return fail(world, report.request);
    move(request, 'activate');
    if (request.wantsRelease) beginRelease(world, report.request);
  } else if (report.kind === 'down' && request.isCleaning) {
    if (report.isDone) free(request);
    else block(request);
  }
}

/** An agent begins an order. Overtaken ones are refused; two runtimes on one unit are impossible for the machine. */
function carryOut(world: World, at: number, fate: 'done' | 'fails' | 'crashes_before' | 'crashes_after'): void {
  const [work] = world.inHand.splice(at, 1);
  if (work === undefined) return;
  const agent = world.agents[work.node]!;
  if (work.fence < agent.fences[work.request]!) return;
  agent.fences[work.request] = work.fence;
  if (fate === 'crashes_before') return;
  const isBusy = work.kind === 'up' && agent.running.some((other) => other !== work.request);
  const isEffective = !isBusy && (work.kind === 'up' || fate !== 'fails');
  if (isEffective) {
    agent.running = agent.running.filter((other) => other !== work.request);
    if (work.kind === 'up') agent.running.push(work.request);
  }
  if (fate !== 'crashes_after') world.reports.push({ ...work, isDone: fate === 'done' && !isBusy });
}

type Step = readonly [name: string, change: (world: World) => void];

/** What the platform and the agents do by themselves when nothing goes wrong. */
function progress(world: World): Step[] {
  const steps: Step[] = [];
  world.inHand.forEach((_, at) => steps.push([`carry out ${at}`, (next) => carryOut(next, at, 'done')]));
  world.reports.forEach((_, at) =>
    steps.push([`report ${at}`, (next) => applyReport(next, next.reports.splice(at, 1)[0]!)]),
  );
  world.queued.forEach((queued, at) => {
    const isKnown =
      world.inHand.some((other) => same(other, queued)) || world.reports.some((other) => same(other, queued));
    if (!isKnown) steps.push([`deliver ${at}`, (next) => void next.inHand.push({ ...next.queued[at]! })]);
  });
  world.requests.forEach((request, at) => {
    if (request.state === 'requested' && freeNode(world) >= 0) steps.push([`place ${at}`, (next) => place(next, at)]);
  });
  return steps;
}

function deadlines(world: World): Step[] {
  return world.requests.flatMap((request, at): Step[] => {
    if (request.state === 'requested') return [[`give up ${at}`, (next) => move(next.requests[at]!, 'fail')]];
    if (request.state === 'provisioning') return [[`time out ${at}`, (next) => fail(next, at)]];
    if (request.isCleaning) return [[`cleanup times out ${at}`, (next) => block(next.requests[at]!)]];
    return [];
  });
}

function people(world: World): Step[] {
  return world.requests.flatMap((request, at): Step[] => {
    const steps: Step[] = [];
    const isBlocked =
      request.holds && !request.isCleaning && (request.state === 'release_failed' || request.state === 'failed');
    if (request.state === 'none') steps.push([`create ${at}`, (next) => create(next, at)]);
    if (request.state === 'active') steps.push([`release ${at}`, (next) => beginRelease(next, at)]);
    if (request.state === 'provisioning' && !request.wantsRelease) {
      steps.push([`want release ${at}`, (next) => void (next.requests[at]!.wantsRelease = true)]);
    }
    if (request.fence >= FENCE_MAX) return steps;
    if (request.state === 'release_failed') steps.push([`retry ${at}`, (next) => retry(next, at)]);
    const isTrulyAbsent = request.node !== null && !world.agents[request.node]!.running.includes(at);
    if (isTrulyAbsent && (isBlocked || request.state === 'provisioning' || request.state === 'releasing')) {
      steps.push([`declare absent ${at}`, (next) => declareAbsent(next, at)]);
    }
    return steps;
  });
}

function create(world: World, at: number): void {
  world.requests[at]!.state = 'requested';
  if (freeNode(world) >= 0) place(world, at);
}

function retry(world: World, at: number): void {
  move(world.requests[at]!, 'retry_release');
  world.requests[at]!.isCleaning = true;
  order(world, at, 'down');
}

/** `force-cleanup` with `runtime_verified_absent`: a tombstone is ordered, and the unit is free at once. */
function declareAbsent(world: World, at: number): void {
  const request = world.requests[at]!;
  order(world, at, 'down');
  if (request.state === 'provisioning') move(request, 'fail');
  if (request.state === 'release_failed') move(request, 'retry_release');
  free(request);
}

function faults(world: World): Step[] {
  return world.inHand.flatMap((_, at) =>
    (['fails', 'crashes_before', 'crashes_after'] as const).map((fate): Step => [
      `${fate} ${at}`,
      (next) => carryOut(next, at, fate),
    ]),
  );
}

function after(world: World, [, change]: Step): World {
  const next = structuredClone(world);
  change(next);
  return next;
}

/** The same world told in the same words, whatever the order in which it came about. */
function keyOf(world: World): string {
  const text = (orders: readonly Order[]): string[] => orders.map((each) => JSON.stringify(each)).sort();
  return JSON.stringify([world.requests, text(world.queued), text(world.inHand), text(world.reports), world.agents]);
}

function faultsOf(world: World): string[] {
  const broken: string[] = [];
  for (const node of [0, 1]) {
    const holders = world.requests.filter((request) => request.holds && request.node === node);
    if (holders.length > 1) broken.push(`unit ${node} has two holders`);
    if (world.agents[node]!.running.length > 1) broken.push(`two runtimes on unit ${node}`);
  }
  for (const [at, request] of world.requests.entries()) {
    if (['provisioning', 'active', 'releasing', 'release_failed'].includes(request.state) && !request.holds)
      broken.push(`${at} is ${request.state} and holds nothing`);
    if (request.state === 'released' && request.holds) broken.push(`${at} is released and holds capacity`);
    const other = world.requests[1 - at]!;
    const isRunning = request.node !== null && world.agents[request.node]!.running.includes(at);
    if (other.state === 'active' && isRunning && other.node === request.node && !request.holds)
      broken.push(`the tenant of unit ${request.node} changed without cleanup`);
  }
  return broken;
}

/** With no more faults: does everything come to rest, with nothing in a transitional state? */
function settle(world: World): World {
  let current = world;
  for (let step = 0; step < 60; step += 1) {
    const [next] = [...progress(current), ...deadlines(current)];
    if (next === undefined) return current;
    current = after(current, next);
  }
  throw new Error('it never comes to rest');
}

function explore(limit: number): { seen: number; broken: string[]; unsettled: string[] } {
  const seen = new Set([keyOf(START)]);
  const [broken, unsettled] = [new Set<string>(), new Set<string>()];
  let frontier = [START];
  while (frontier.length > 0 && seen.size < limit) {
    const next: World[] = [];
    for (const world of frontier) {
      for (const fault of faultsOf(world)) broken.add(fault);
      const rest = settle(world);
      for (const request of rest.requests) {
        if (['requested', 'provisioning', 'releasing'].includes(request.state) || request.isCleaning)
          unsettled.add(request.state);
      }
      for (const step of [...people(world), ...progress(world), ...deadlines(world), ...faults(world)]) {
        const reached = after(world, step);
        const key = keyOf(reached);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(reached);
      }
    }
    frontier = next;
  }
  return { seen: seen.size, broken: [...broken], unsettled: [...unsettled] };
}

describe('two requests on two machines, searched breadth-first with a crash at every step', () => {
  it('never give a unit to two, never change its tenant without cleanup, and always come to rest', () => {
    const { seen, broken, unsettled } = explore(600_000);
    expect(broken).toEqual([]);
    expect(unsettled).toEqual([]);
    console.log("SEEN", seen); expect(seen).toBeGreaterThan(10_000);
  });
});
