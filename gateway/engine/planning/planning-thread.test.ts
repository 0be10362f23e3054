import { Worker } from 'node:worker_threads';
import { buildSchema, parse, print } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { OperationWriter, randomNumbers } from '../../testing/random-operation.js';
import { SHOP_SDL, shopSupergraph } from '../../testing/shop-graph.js';
import { GraphPlanner } from './graph-planner.js';
import { apiSdlOf } from './graph-schemas.js';
import { PlanningThread, type PlanningThreadOptions } from './planning-thread.js';

const threads: PlanningThread[] = [];
afterEach(async () => {
  await Promise.all(threads.splice(0).map(async (thread) => thread.close()));
});

function thread(options: PlanningThreadOptions = {}): PlanningThread {
  const made = new PlanningThread(options);
  threads.push(made);
  return made;
}

const GRAPH = { number: 1, supergraphSdl: shopSupergraph().sdl };

/** A worker that does what the document says. */
const SCRIPTED = `
import { parentPort } from 'node:worker_threads';
const planned = [];
parentPort.on('message', ({ document }) => {
  planned.push(document);
  if (document === 'hang') for (;;);
  if (document === 'die') process.exit(3);
  if (document === 'eat') for (const eaten = []; ; ) eaten.push(new Array(10_000).fill({}));
  parentPort.postMessage({ kind: 'done', output: { root: planned.join(' '), milliseconds: 1 } });
});
parentPort.postMessage({ kind: 'ready' });`;

function scripted(options: PlanningThreadOptions = {}): { thread: PlanningThread; started: () => number } {
  const startWorker = vi.fn<() => Worker>(
    () =>
      new Worker(new URL(`data:text/javascript,${encodeURIComponent(SCRIPTED)}`), {
        resourceLimits: { maxOldGenerationSizeMb: 30 },
      }),
  );
  return { thread: thread({ startWorker, ...options }), started: () => startWorker.mock.calls.length };
}

// Starting a thread from source takes seconds on a busy machine.
describe('the planning thread', { timeout: 90_000 }, () => {
  it('plans what the planner plans, and hands it over unchanged', async () => {
    const planner = GraphPlanner.build(GRAPH.supergraphSdl);
    const writer = new OperationWriter(buildSchema(apiSdlOf(planner)), ['p1'], randomNumbers(3));
    const planning = thread();
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
    const planning = thread();
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
    const planning = thread();
    await expect(planning.load(7, 'type Query { a: Int }')).rejects.toThrow('supergraph');
    expect((await planning.load(1, GRAPH.supergraphSdl)).apiSdl).toContain('type Query');
  });

  it('is started when it is needed first, and ended when it is idle', async () => {
    const { thread: planning, started } = scripted({ idleSecondsMax: 0.05 });
    expect([planning.isRunning, started()]).toEqual([false, 0]);
    await planning.plan(GRAPH, 'a', 1);
    expect([planning.isRunning, started()]).toEqual([true, 1]);
    await vi.waitFor(() => expect(planning.isRunning).toBe(false));
    await planning.plan(GRAPH, 'b', 1);
    expect(started()).toBe(2);
  });

  it('ends a plan that takes too long with TIMEOUT, and does what waits on a new thread', async () => {
    const { thread: planning, started } = scripted({ planSecondsMax: 0.3 });
    const [hung, next] = await Promise.allSettled([planning.plan(GRAPH, 'hang', 1), planning.plan(GRAPH, 'next', 1)]);
    expect(hung).toMatchObject({ reason: { code: 'TIMEOUT', extensions: { retryable: true } } });
    expect(next).toMatchObject({ value: { root: 'next' } });
    expect(started()).toBe(2);
  });

  it('tries again once when the thread dies, and then refuses', async () => {
    const { thread: planning, started } = scripted();
    const [dead, next] = await Promise.allSettled([planning.plan(GRAPH, 'die', 1), planning.plan(GRAPH, 'next', 1)]);
    expect(dead).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    expect(next).toMatchObject({ value: { root: 'next' } });
    expect(started()).toBe(3);
  });

  it('refuses an operation whose plan takes more memory than the thread may have', async () => {
    const { thread: planning } = scripted();
    await expect(planning.plan(GRAPH, 'eat', 1)).rejects.toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
    expect(await planning.plan(GRAPH, 'next', 1)).toMatchObject({ root: 'next' });
  });

  it('does the lightest of what waits first, and refuses what is too much to wait', async () => {
    const { thread: planning } = scripted({ queueMax: 3 });
    const asked = [9, 5, 1].map(async (weight) => planning.plan(GRAPH, `w${weight}`, weight));
    await expect(planning.plan(GRAPH, 'more', 1)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      extensions: { retryable: true },
    });
    const roots = (await Promise.all(asked)).map(({ root }) => root);
    expect(roots).toEqual(['w1 w5 w9', 'w1 w5', 'w1']);
  });

  it('refuses what is not done when it is closed', async () => {
    const { thread: planning } = scripted();
    const asked = Promise.allSettled([planning.plan(GRAPH, 'hang', 1), planning.plan(GRAPH, 'next', 1)]);
    await planning.close();
    for (const each of await asked) expect(each).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    await expect(planning.plan(GRAPH, 'late', 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('refuses what waits when the thread cannot be started', async () => {
    const planning = thread({ startWorker: () => new Worker(new URL('data:text/javascript,throw 1')) });
    await expect(planning.plan(GRAPH, 'a', 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
