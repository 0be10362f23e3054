import type { Observation, Runtime, Workload } from './runtime.js';
import type { Report, Step, WorkItem } from './work-types.js';

export interface Progress {
  /** Tells the platform, and stops the work when the lease is gone. */
  tell(report: Report): Promise<void>;
  /** From here on something may have been left behind. */
  touch(): void;
  readonly signal: AbortSignal;
}

/** Does what a work item asks for and answers the last report. Each step can be done again after a crash at any point. */
export async function carryOut(item: WorkItem, runtime: Runtime, progress: Progress): Promise<Report> {
  if (item.instance === null) throw new Error('the work item names no instance that this worker may see');
  const workload: Workload = {
    instanceId: item.instance.id,
    plan: item.spec.plan,
    planHash: item.spec.planHash,
    host: item.spec.host,
  };
  if (item.kind === 'DECOMMISSION') return remove(workload, runtime, progress);
  if (item.kind === 'ACTION' && item.action === 'stop') {
    await step(progress, 'stop', () => runtime.stop(workload.instanceId));
    return { health: 'UNKNOWN' };
  }
  // A clean restart: what runs is stopped first. Reconcile and repair only add what is missing.
  if (item.kind === 'ACTION' && item.action === 'restart')
    await step(progress, 'stop', () => runtime.stop(workload.instanceId));
  return bringUp(item, workload, { runtime, progress });
}

async function bringUp(
  item: WorkItem,
  workload: Workload,
  on: { runtime: Runtime; progress: Progress },
): Promise<Report> {
  const { runtime, progress } = on;
  const mayBeThere = item.observesFirst || item.kind !== 'PROVISION';
  const there = mayBeThere ? await runtime.observe(workload.instanceId) : null;
  if (there?.planHash === workload.planHash && there.isHealthy) {
    await progress.tell({ steps: [{ name: 'observe', state: 'SUCCEEDED', message: 'It runs already.' }] });
    return ready(there);
  }
  await step(progress, 'pull image', () => runtime.pull(workload, progress.signal));
  await step(progress, 'start container', () => runtime.start(workload, progress.signal));
  let observation: Observation | null = null;
  await step(progress, 'wait until ready', async () => {
    observation = await runtime.waitUntilReady(workload, progress.signal);
  });
  if (observation === null) throw new Error('the runtime answered no observation');
  return ready(observation);
}

async function remove(workload: Workload, runtime: Runtime, progress: Progress): Promise<Report> {
  await step(progress, 'remove members', () => runtime.stop(workload.instanceId));
  await step(progress, 'remove app', () => runtime.remove(workload.instanceId));
  return { health: 'UNKNOWN' };
}

function ready(observation: Observation): Report {
  return {
    endpoints: observation.endpoints,
    members: observation.endpoints.map(({ name, isReady }) => ({
      componentKey: name,
      status: isReady ? 'ready' : 'not ready',
    })),
    health: observation.isHealthy ? 'HEALTHY' : 'UNHEALTHY',
  };
}

async function step(progress: Progress, name: string, act: () => Promise<void>): Promise<void> {
  const told = (state: Step['state'], message = ''): Promise<void> =>
    progress.tell({ steps: [{ name, state, message }] });
  await told('RUNNING');
  progress.touch();
  await act();
  await told('SUCCEEDED');
}
