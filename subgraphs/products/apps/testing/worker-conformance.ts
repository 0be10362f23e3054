/**
 * What every app worker is held to. The kit knows workers and the platform by these two interfaces only, so a worker in any
 * language can be put behind the first. Each check throws when the worker does not conform.
 */

/** A worker that a check can start, crash and pause; `workload` is what it manages. */
export interface WorkerUnderTest {
  /** Resolves when it asks for work. */
  start(): Promise<RunningWorker>;
}

export interface RunningWorker {
  /** An orderly end. */
  stop(): Promise<void>;
  /** Ends it without a word to the platform, as a killed process would. */
  crash(): Promise<void>;
}

/** The managed side, shared by all workers of a check: it outlives them as containers outlive an agent. */
export interface ManagedSide {
  /** Names of the steps that a provision takes, in order. */
  readonly steps: readonly string[];
  /** Holds the worker when it reaches this step, until {@link letGo}; resolves when it is there. */
  holdAt(step: string): Promise<void>;
  letGo(): void;
  /** How many workloads exist now of an instance: 0 or 1 unless something is wrong. */
  workloads(instanceId: string): Promise<number>;
}

export interface PlatformUnderTest {
  launch(): Promise<string>;
  decommission(instanceId: string): Promise<void>;
  /** Answers once the instance is in the state. */
  until(instanceId: string, state: string): Promise<void>;
  state(instanceId: string): Promise<string>;
  /** Work items with the outcome `COMPLETED`, by kind. */
  completed(instanceId: string): Promise<readonly string[]>;
  /** How many late writes are kept of the instance. */
  lateWrites(instanceId: string): Promise<number>;
  /** Lets every lease run out at once, and takes it back. */
  lapseLeases(): Promise<void>;
  /** Delivers the next answer of the platform to `complete` to nobody: the worker must repeat it. */
  loseNextCompletion(): void;
}

export interface Conformance {
  readonly worker: WorkerUnderTest;
  readonly managed: ManagedSide;
  readonly platform: PlatformUnderTest;
}

function must(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`the worker does not conform: ${sentence}`);
}

async function mustBeWhole({ managed, platform }: Conformance, id: string): Promise<void> {
  await platform.until(id, 'RUNNING');
  must((await managed.workloads(id)) === 1, 'a running instance has exactly one workload');
  must(
    (await platform.completed(id)).filter((kind) => kind === 'PROVISION').length === 1,
    'work has one accepted outcome',
  );
}

async function mustBeGone({ managed, platform }: Conformance, id: string): Promise<void> {
  await platform.decommission(id);
  await platform.until(id, 'DECOMMISSIONED');
  must((await managed.workloads(id)) === 0, 'nothing is left of a removed instance');
}

/** Brings up and removes: the least of all. */
export async function bringsUpAndRemoves(kit: Conformance): Promise<void> {
  const worker = await kit.worker.start();
  const id = await kit.platform.launch();
  await mustBeWhole(kit, id);
  await mustBeGone(kit, id);
  await worker.stop();
}

/** The platform accepted the outcome, the answer was lost, the worker says it again: one outcome, one workload. */
export async function repeatsACompletionThatWasNotAnswered(kit: Conformance): Promise<void> {
  kit.platform.loseNextCompletion();
  const worker = await kit.worker.start();
  const id = await kit.platform.launch();
  await mustBeWhole(kit, id);
  must((await kit.platform.lateWrites(id)) === 0, 'repeating an accepted outcome is not late');
  await mustBeGone(kit, id);
  await worker.stop();
}

/** Work is delivered again while the first delivery is still held up: the second finds what is there, and does not double it. */
export async function bearsDuplicateDelivery(kit: Conformance): Promise<void> {
  const last = kit.managed.steps.at(-1);
  if (last === undefined) throw new Error('a provision has steps');
  const held = kit.managed.holdAt(last);
  const first = await kit.worker.start();
  const id = await kit.platform.launch();
  await held;
  await kit.platform.lapseLeases();
  const second = await kit.worker.start();
  await mustBeWhole(kit, id);
  kit.managed.letGo();
  await first.stop();
  must((await kit.platform.state(id)) === 'RUNNING', 'a late delivery does not turn the outcome');
  await mustBeGone(kit, id);
  await second.stop();
}

/** Paused beyond its lease in any step, a worker that wakes changes nothing any more. */
export async function staysSilentAfterAPauseBeyondTheLease(kit: Conformance, step: string): Promise<void> {
  const held = kit.managed.holdAt(step);
  const paused = await kit.worker.start();
  const id = await kit.platform.launch();
  await held;
  await kit.platform.lapseLeases();
  const other = await kit.worker.start();
  await mustBeWhole(kit, id);
  await kit.platform.decommission(id);
  await kit.platform.until(id, 'DECOMMISSIONED');
  kit.managed.letGo();
  await paused.stop();
  must((await kit.managed.workloads(id)) === 0, 'a worker that lost its lease starts nothing');
  must((await kit.platform.state(id)) === 'DECOMMISSIONED', 'a worker that lost its lease changes nothing');
  await other.stop();
}

/** Killed in any step: another goes on from what is there. */
export async function survivesACrashAt(kit: Conformance, step: string): Promise<void> {
  const held = kit.managed.holdAt(step);
  const first = await kit.worker.start();
  const id = await kit.platform.launch();
  await held;
  await first.crash();
  kit.managed.letGo();
  await kit.platform.lapseLeases();
  const second = await kit.worker.start();
  await mustBeWhole(kit, id);
  await mustBeGone(kit, id);
  await second.stop();
}

/** Removed while it is being brought up, at any step: it ends as removed, with nothing left. */
export async function obeysACancelAt(kit: Conformance, step: string): Promise<void> {
  const held = kit.managed.holdAt(step);
  const worker = await kit.worker.start();
  const id = await kit.platform.launch();
  await held;
  await kit.platform.decommission(id);
  kit.managed.letGo();
  await kit.platform.until(id, 'DECOMMISSIONED');
  must((await kit.managed.workloads(id)) === 0, 'nothing is left of an instance that was cancelled');
  must(
    !(await kit.platform.completed(id)).includes('PROVISION') || (await kit.platform.state(id)) === 'DECOMMISSIONED',
    'a cancel wins',
  );
  await worker.stop();
}
