import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildSchema, parse, print } from 'graphql';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { OperationWriter, randomNumbers } from '../../testing/random-operation.js';
import { SHOP_SDL, shopSupergraph } from '../../testing/shop-graph.js';
import { GraphPlanner } from './graph-planner.js';
import { apiSdlOf } from './graph-schemas.js';
import { PlanningProcess, type PlanningProcessOptions } from './planning-process.js';

const processes: PlanningProcess[] = [];
afterEach(async () => {
  await Promise.all(processes.splice(0).map(async (each) => each.close()));
});

function planningProcess(options: PlanningProcessOptions = {}): PlanningProcess {
  const made = new PlanningProcess(options);
  processes.push(made);
  return made;
}

const GRAPH = { number: 1, supergraphSdl: shopSupergraph().sdl };

/** A process that does what the document says. */
const SCRIPTED = `
const planned = [];
process.on('message', ({ document }) => {
  planned.push(document);
  if (document === 'hang') for (;;);
  if (document === 'die') process.exit(3);
  if (document === 'eat') for (const eaten = []; ; ) eaten.push(new Array(10_000).fill({}));
  process.send({ kind: 'done', output: { root: planned.join(' '), milliseconds: 1 } });
});
process.send({ kind: 'ready' });`;

const directory = mkdtempSync(path.join(tmpdir(), 'planner-'));
afterAll(() => rmSync(directory, { recursive: true }));

function startScript(script: string): ChildProcess {
  const file = path.join(directory, 'planner.mjs');
  writeFileSync(file, script);
  return fork(file, [], {
    execArgv: ['--max-old-space-size=30'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

function scripted(options: PlanningProcessOptions = {}): { process: PlanningProcess; started: () => number } {
  const start = vi.fn<() => ChildProcess>(() => startScript(SCRIPTED));
  return { process: planningProcess({ start, ...options }), started: () => start.mock.calls.length };
}

// Starting a process from source takes seconds on a busy machine.
describe('the planning process', { timeout: 90_000 }, () => {
  it('plans what the planner plans, and hands it over unchanged', async () => {
    const planner = GraphPlanner.build(GRAPH.supergraphSdl);
    const writer = new OperationWriter(buildSchema(apiSdlOf(planner)), ['p1'], randomNumbers(3));
    const planning = planningProcess();
    let fetches = 0;
    for (let count = 0; count < 25; count++) {
      const document = parse(writer.write(), { noLocation: true });
      const { root } = await planning.plan(GRAPH, print(document), 1);
      expect(root).toEqual(planner.plan(document));
      fetches += JSON.stringify(root ?? null).split('"Fetch"').length - 1;
    }
    expect(fetches).toBeGreaterThan(25);
  });

  it('composes, and says every reason why subgraphs do not compose', async () => {
    const planning = planningProcess();
    const subgraphs = Object.entries(SHOP_SDL).map(([name, sdl]) => ({
      name,
      sdl,
      url: `http://${name}.test/graphql`,
    }));
    expect(await planning.compose(subgraphs)).toBe(GRAPH.supergraphSdl);
    const broken = subgraphs.map(({ sdl, ...rest }) => ({ ...rest, sdl: sdl.replace('id: ID!', 'id: Int!') }));
    await expect(planning.compose(broken)).rejects.toMatchObject({
      name: 'CompositionError',
      faults: expect.arrayContaining([expect.stringContaining('id')]),
    });
  });

  it('refuses a text that is no supergraph, and goes on', async () => {
    const planning = planningProcess();
    await expect(planning.load(7, 'type Query { a: Int }')).rejects.toThrow('supergraph');
    expect((await planning.load(1, GRAPH.supergraphSdl)).apiSdl).toContain('type Query');
  });

  it('is started when it is needed first, and ended when it is idle', async () => {
    const { process: planning, started } = scripted({ idleSecondsMax: 0.05 });
    expect([planning.isRunning, started()]).toEqual([false, 0]);
    await planning.plan(GRAPH, 'a', 1);
    expect([planning.isRunning, started()]).toEqual([true, 1]);
    await vi.waitFor(() => expect(planning.isRunning).toBe(false));
    await planning.plan(GRAPH, 'b', 1);
    expect(started()).toBe(2);
  });

  it('ends a plan that takes too long with TIMEOUT, and does what waits on a new process', async () => {
    const { process: planning, started } = scripted({ planSecondsMax: 0.3 });
    const [hung, next] = await Promise.allSettled([planning.plan(GRAPH, 'hang', 1), planning.plan(GRAPH, 'next', 1)]);
    expect(hung).toMatchObject({ reason: { code: 'TIMEOUT', extensions: { retryable: true } } });
    expect(next).toMatchObject({ value: { root: 'next' } });
    expect(started()).toBe(2);
  });

  it('tries again once when the planning process dies, and then refuses', async () => {
    const { process: planning, started } = scripted();
    const [dead, next] = await Promise.allSettled([planning.plan(GRAPH, 'die', 1), planning.plan(GRAPH, 'next', 1)]);
    expect(dead).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    expect(next).toMatchObject({ value: { root: 'next' } });
    expect(started()).toBe(3);
  });

  it('refuses an operation whose plan takes more memory than the planning process may have', async () => {
    const { process: planning } = scripted();
    await expect(planning.plan(GRAPH, 'eat', 1)).rejects.toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
    expect(await planning.plan(GRAPH, 'next', 1)).toMatchObject({ root: 'next' });
  });

  it('does the lightest of what waits first, and refuses what is too much to wait', async () => {
    const { process: planning } = scripted({ queueMax: 3 });
    const asked = [9, 5, 1].map(async (weight) => planning.plan(GRAPH, `w${weight}`, weight));
    await expect(planning.plan(GRAPH, 'more', 1)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      extensions: { retryable: true },
    });
    const roots = (await Promise.all(asked)).map(({ root }) => root);
    expect(roots).toEqual(['w1 w5 w9', 'w1 w5', 'w1']);
  });

  it('refuses what is not done when it is closed', async () => {
    const { process: planning } = scripted();
    const asked = Promise.allSettled([planning.plan(GRAPH, 'hang', 1), planning.plan(GRAPH, 'next', 1)]);
    await planning.close();
    for (const each of await asked) expect(each).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    await expect(planning.plan(GRAPH, 'late', 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('refuses what waits when the planning process cannot be started', async () => {
    const planning = planningProcess({ start: () => startScript('throw 1') });
    await expect(planning.plan(GRAPH, 'a', 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
