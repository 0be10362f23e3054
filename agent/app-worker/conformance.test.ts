import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../kernel/testing/test-kernel.js';
import { AppLife } from '../../subgraphs/products/apps/testing/app-life.js';
import { type AppsFixture, startApps } from '../../subgraphs/products/apps/testing/apps-fixture.js';
import { type GraphServer, serveGraph } from '../../subgraphs/products/apps/testing/graph-server.js';
import {
  type Conformance,
  bearsDuplicateDelivery,
  bringsUpAndRemoves,
  obeysACancelAt,
  repeatsACompletionThatWasNotAnswered,
  staysSilentAfterAPauseBeyondTheLease,
  survivesACrashAt,
} from '../../subgraphs/products/apps/testing/worker-conformance.js';
import { GraphQLWorkerClient } from './graphql-worker-client.js';
import { type Runtime, SimulatedRuntime, type WorkerClient, startAppWorker } from './index.js';

const STEPS = ['pull', 'start', 'waitUntilReady'] as const;

let fixture: AppsFixture;
let server: GraphServer;
let kit: Conformance;
let machine: Machine;

/** A machine whose workloads outlive workers, and whose steps can be held. */
class Machine {
  readonly runtime = new SimulatedRuntime({ stepMilliseconds: 1 });
  #heldStep: string | null = null;
  #arrived: () => void = () => {};
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => {};

  holdAt(step: string): Promise<void> {
    this.#heldStep = step;
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  letGo(): void {
    this.#heldStep = null;
    this.#open();
  }

  /** The first that comes to the held step waits; others pass. */
  async pass(step: string): Promise<void> {
    if (this.#heldStep !== step) return;
    this.#heldStep = null;
    this.#arrived();
    await this.#gate;
  }

  /** The machine as one worker sees it; `isDead` cuts it off in the middle of a step, as a kill would. */
  for(life: { isDead: boolean }): Runtime {
    const { runtime } = this;
    const act = async <Value>(step: string, run: () => Promise<Value>): Promise<Value> => {
      await this.pass(step);
      if (life.isDead) return new Promise<Value>(() => {});
      return run();
    };
    return {
      observe: (id) => act('observe', () => runtime.observe(id)),
      pull: (workload, signal) => act('pull', () => runtime.pull(workload, signal)),
      start: (workload, signal) => act('start', () => runtime.start(workload, signal)),
      waitUntilReady: (workload, signal) => act('waitUntilReady', () => runtime.waitUntilReady(workload, signal)),
      stop: (id) => act('stop', () => runtime.stop(id)),
      remove: (id) => act('remove', () => runtime.remove(id)),
    };
  }
}

beforeAll(async () => {
  fixture = await startApps({ runsWorker: true, timings: { leaseSeconds: 20, heartbeatSeconds: 1 } });
  server = await serveGraph(fixture, { worker: { secret: 's3cret', actor: fixture.worker } });
});
afterAll(async () => {
  await server.close();
  await fixture.close();
});
const living: Life[] = [];
afterEach(async () => {
  // A check that failed must not leave a worker that takes the work of the next.
  for (const life of living.splice(0)) kill(life);
  await machine.runtime.close();
});

/** A killed process neither acts nor speaks any more, and its connections break. */
interface Life {
  isDead: boolean;
  readonly connections: AbortController;
}

function kill(life: Life): void {
  life.isDead = true;
  life.connections.abort();
}

function setUp(): void {
  machine = new Machine();
  const life = new AppLife(fixture);
  let losesNext = false;
  const until = (id: string, state: string): Promise<void> =>
    eventually(async () => (await life.see(id)).state === state, {
      what: `${id} is ${state}`,
      milliseconds: 20_000,
    }).then(() => undefined);
  kit = {
    worker: {
      async start() {
        const alive: Life = { isDead: false, connections: new AbortController() };
        living.push(alive);
        const client = clientOf(alive, () => {
          const isLost = losesNext;
          losesNext = false;
          return isLost;
        });
        const worker = startAppWorker({
          url: server.url,
          tokenUrl: server.tokenUrl,
          clientId: 'worker',
          clientSecret: 's3cret',
          appSlugs: ['jupyterlab'],
          projectId: fixture.projectId,
          runtime: machine.for(alive),
          client,
          waitMs: 1000,
        });
        return {
          stop: () => worker.stop(),
          async crash() {
            kill(alive);
          },
        };
      },
    },
    managed: {
      steps: STEPS,
      holdAt: (step) => machine.holdAt(step),
      letGo: () => machine.letGo(),
      workloads: async (id) => ((await machine.runtime.observe(id)) === null ? 0 : 1),
    },
    platform: {
      launch: () => life.launch(),
      async decommission(id) {
        expect(await life.ask('Decommission', id)).toEqual([]);
      },
      until,
      state: async (id) => (await life.see(id)).state,
      completed: async (id) =>
        (await life.see(id)).workItems.filter(({ state }) => state === 'COMPLETED').map(({ kind }) => kind),
      lateWrites: async (id) => (await life.see(id)).lateReports.length,
      lapseLeases: () => life.lapse(),
      loseNextCompletion: () => {
        losesNext = true;
      },
    },
  };
}

/** The real client; a dead worker's calls go nowhere, and the answer to a completion can be lost after it was accepted. */
function clientOf(alive: Life, losesCompletion: () => boolean): WorkerClient {
  const real = new GraphQLWorkerClient({
    url: server.url,
    tokenUrl: server.tokenUrl,
    clientId: 'worker',
    clientSecret: 's3cret',
  });
  const guard =
    <Arguments extends unknown[], Value>(call: (...parameters: Arguments) => Promise<Value>) =>
    async (...parameters: Arguments): Promise<Value> =>
      alive.isDead ? new Promise<Value>(() => {}) : call(...parameters);
  return {
    lease: guard((request, signal) => real.lease(request, AbortSignal.any([signal, alive.connections.signal]))),
    heartbeat: guard((claim) => real.heartbeat(claim)),
    report: guard((claim, report) => real.report(claim, report)),
    fail: guard((claim, failure) => real.fail(claim, failure)),
    release: guard((claim, hasTouched) => real.release(claim, hasTouched)),
    runningInstances: guard((request) => real.runningInstances(request)),
    complete: guard(async (claim, report) => {
      await real.complete(claim, report);
      if (losesCompletion()) throw new TypeError('fetch failed');
    }),
  };
}

describe('the app worker', () => {
  it('brings up and removes', async () => {
    setUp();
    await expect(bringsUpAndRemoves(kit)).resolves.toBeUndefined();
  });

  it('repeats a completion that was not answered', async () => {
    setUp();
    await expect(repeatsACompletionThatWasNotAnswered(kit)).resolves.toBeUndefined();
  });

  it('bears duplicate delivery', async () => {
    setUp();
    await expect(bearsDuplicateDelivery(kit)).resolves.toBeUndefined();
  });

  it.each(STEPS)('stays silent after a pause beyond the lease at %s', async (step) => {
    setUp();
    await expect(staysSilentAfterAPauseBeyondTheLease(kit, step)).resolves.toBeUndefined();
  });

  it.each(STEPS)('survives a crash at %s', async (step) => {
    setUp();
    await expect(survivesACrashAt(kit, step)).resolves.toBeUndefined();
  });

  it.each(STEPS)('obeys a cancel at %s', async (step) => {
    setUp();
    await expect(obeysACancelAt(kit, step)).resolves.toBeUndefined();
  });
});
