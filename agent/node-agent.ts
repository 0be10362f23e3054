import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { AgentState } from './agent-state.js';
import { ControlPlaneClient, ControlPlaneError } from './control-plane-client.js';
import type { TaskReport } from './protocol/messages.js';
import { type VerifiedTask, acceptVerifiers, verifyTask } from './protocol/signed-task.js';
import { type Runtime, RuntimeFailure, carryOut } from './runtime/runtime.js';

export interface NodeAgentOptions {
  /** Names the state file; the identity is the key in it, never the name or an address. */
  readonly name: string;
  readonly baseUrl: string;
  readonly stateDirectory: string;
  /** Needed for the first start only. */
  readonly bootstrapToken?: string | undefined;
  readonly runtime: Runtime;
  readonly dispatcher?: Dispatcher | undefined;
  readonly clock?: () => Date;
  /** How long one poll waits at the control plane, at most 30. */
  readonly waitSeconds?: number;
  /** Overrides what the control plane asks for. */
  readonly heartbeatSeconds?: number;
  /** First pause after a failure; doubles up to a minute, with jitter. */
  readonly backoffMilliseconds?: number;
  readonly onError?: (error: unknown, what: string) => void;
  /** Told of each task that is refused, for the log. */
  readonly onRefusal?: (code: string, taskId: string | null) => void;
}

export const AGENT_VERSION = '0.1.0';
const TASKS_AT_ONCE = 8;
const BACKOFF_MILLISECONDS_MAX = 60_000;
const STOP_MILLISECONDS_MAX = 5000;

/** The agent of one machine: pulls typed, signed tasks, carries them out, reports. Nothing ever connects to it. */
export class NodeAgent {
  readonly #options: NodeAgentOptions;
  readonly #state: AgentState;
  readonly #client: ControlPlaneClient;
  readonly #clock: () => Date;
  readonly #stopping = new AbortController();
  /** Aborted when tasks under way must end at once. */
  readonly #killing = new AbortController();
  readonly #underWay = new Map<string, Promise<void>>();
  #loops: Promise<void>[] = [];
  #heartbeatSeconds: number;

  private constructor(options: NodeAgentOptions, state: AgentState) {
    this.#options = options;
    this.#state = state;
    this.#clock = options.clock ?? (() => new Date());
    const { baseUrl, dispatcher } = options;
    this.#client = new ControlPlaneClient({ baseUrl, state, clock: this.#clock, dispatcher });
    this.#heartbeatSeconds = options.heartbeatSeconds ?? 5;
  }

  static async open(options: NodeAgentOptions): Promise<NodeAgent> {
    return new NodeAgent(options, await AgentState.open(options.stateDirectory, options.name));
  }

  get nodeId(): string | null {
    return this.#state.nodeId;
  }

  /** Enrols if need be, then heartbeats and works until {@link stop}. Returns at once. */
  start(): void {
    this.#loops = [
      this.#run('agent', async () => {
        await this.#retrying('enrol', () => this.#enroll());
        await Promise.all([this.#heartbeats(), this.#work(), this.#reports()]);
      }),
    ];
  }

  /** Lets tasks under way finish for a few seconds, then aborts them; their results are kept for the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const grace = sleep(STOP_MILLISECONDS_MAX, undefined, { ref: false });
    await Promise.race([Promise.allSettled(this.#underWay.values()), grace]);
    this.#killing.abort();
    await Promise.allSettled([...this.#underWay.values(), ...this.#loops]);
  }

  /** As a power cut: nothing is finished and nothing reported. */
  async kill(): Promise<void> {
    this.#stopping.abort();
    this.#killing.abort();
    await Promise.allSettled([...this.#underWay.values(), ...this.#loops]);
  }

  async #enroll(): Promise<void> {
    if (this.#state.nodeId !== null) return;
    const token = this.#options.bootstrapToken;
    if (token === undefined) throw new Error('this agent is not enrolled and has no bootstrap token');
    const answer = await this.#client.enroll(token, AGENT_VERSION, this.#stopping.signal);
    await this.#state.enrolled({
      nodeId: answer.nodeId,
      epoch: answer.epoch,
      verifiers: answer.verifiers,
      issuedAt: answer.verifiersIssuedAt,
    });
    this.#heartbeatSeconds = this.#options.heartbeatSeconds ?? answer.heartbeatSeconds;
  }

  async #heartbeats(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#retrying('heartbeat', () => this.#heartbeat());
      // Jitter keeps a fleet that started together from reporting together.
      await this.#pause(this.#heartbeatSeconds * 1000 * (0.9 + Math.random() * 0.2));
    }
  }

  async #heartbeat(): Promise<void> {
    const { health, detail, load } = await this.#options.runtime.health();
    const body = { epoch: this.#state.epoch, health, healthDetail: detail, load: { ...load } };
    const answer = await this.#client.heartbeat(body, this.#stopping.signal);
    this.#heartbeatSeconds = this.#options.heartbeatSeconds ?? answer.heartbeatSeconds;
    const accepted = await acceptVerifiers(answer.verifiers, this.#state.trusted);
    if (accepted !== null) await this.#state.trust(accepted.verifiers, accepted.issuedAt);
  }

  async #work(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#retrying('poll', async () => {
        const tasks = await this.#client.waitForTasks(this.#options.waitSeconds ?? 20, signal);
        for (const { taskId, signed } of tasks) {
          if (this.#underWay.has(taskId)) continue;
          while (this.#underWay.size >= TASKS_AT_ONCE && !signal.aborted) await Promise.race(this.#underWay.values());
          if (signal.aborted) return;
          this.#begin(taskId, signed);
        }
        // Everything on offer is under way already: do not ask again at once.
        if (tasks.length > 0 && tasks.every((task) => this.#underWay.has(task.taskId))) await this.#pause(50);
      });
    }
  }

  #begin(taskId: string, signed: string): void {
    const handled = this.#handle(signed)
      .catch((error: unknown) => this.#options.onError?.(error, 'task'))
      .finally(() => this.#underWay.delete(taskId));
    this.#underWay.set(taskId, handled);
  }

  async #handle(signed: string): Promise<void> {
    const nodeId = this.#state.nodeId ?? '';
    const { verifiers } = this.#state.trusted;
    const check = await verifyTask(signed, { nodeId, verifiers, now: this.#clock() });
    if (!check.ok) {
      this.#options.onRefusal?.(check.code, check.taskId);
      if (check.taskId !== null) await this.#finish(check.taskId, this.#refusal(check.code, check.fence));
      return;
    }
    const { task } = check;
    const known = this.#state.resultOf(task.taskId);
    if (known !== null) return this.#finish(task.taskId, known);
    const stale = await this.#staleness(task);
    if (stale !== null) {
      this.#options.onRefusal?.(stale, task.taskId);
      return this.#finish(task.taskId, this.#refusal(stale, task.fence));
    }
    const report = await this.#carryOut(task);
    if (!this.#killing.signal.aborted) await this.#finish(task.taskId, report);
  }

  /** What was made for an earlier life of this machine, or overtaken by a later task, is not carried out. */
  async #staleness(task: VerifiedTask): Promise<'STALE_EPOCH' | 'STALE_FENCE' | null> {
    if (task.epoch !== this.#state.epoch) return 'STALE_EPOCH';
    const allocationId = 'allocationId' in task.params ? task.params.allocationId : null;
    if (allocationId === null) return null;
    return (await this.#state.admit(allocationId, task.fence, task.taskId)) ? null : 'STALE_FENCE';
  }

  async #carryOut(task: VerifiedTask): Promise<TaskReport> {
    const { epoch, fence } = task;
    try {
      const result = await carryOut(this.#options.runtime, task, this.#killing.signal);
      return { epoch, fence, status: 'completed', result };
    } catch (error) {
      const code = error instanceof RuntimeFailure ? error.code : 'INTERNAL';
      const message = error instanceof RuntimeFailure ? error.message : 'the runtime failed in an unforeseen way';
      if (!(error instanceof RuntimeFailure)) this.#options.onError?.(error, 'runtime');
      return { epoch, fence, status: 'failed', error: { code, message } };
    }
  }

  #refusal(code: string, fence: number): TaskReport {
    const error = { code, message: 'The task was refused and nothing was done.' };
    return { epoch: this.#state.epoch, fence, status: 'refused', error };
  }

  async #finish(taskId: string, report: TaskReport): Promise<void> {
    await this.#state.finished(taskId, report);
    await this.#report(taskId, report).catch((error: unknown) => this.#options.onError?.(error, 'report'));
  }

  async #report(taskId: string, report: TaskReport): Promise<void> {
    try {
      await this.#client.report(taskId, report, this.#killing.signal);
    } catch (error) {
      // What the control plane refuses for good is not sent again for ever.
      if (!(error instanceof ControlPlaneError) || !error.isFinal) throw error;
      this.#options.onError?.(error, 'report');
    }
    await this.#state.acknowledged(taskId);
  }

  /** Sends again what could not be reported. */
  async #reports(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      for (const [taskId, report] of this.#state.unreported) {
        if (this.#underWay.has(taskId)) continue;
        await this.#report(taskId, report).catch((error: unknown) => this.#options.onError?.(error, 'report'));
      }
      await this.#pause(1000);
    }
  }

  /** Until it works or the agent stops: exponential backoff with full jitter. */
  async #retrying(what: string, action: () => Promise<void>): Promise<void> {
    const first = this.#options.backoffMilliseconds ?? 500;
    for (let attempt = 0; !this.#stopping.signal.aborted; attempt += 1) {
      try {
        await action();
        return;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.#options.onError?.(error, what);
        const ceiling = Math.min(first * 2 ** Math.min(attempt, 10), BACKOFF_MILLISECONDS_MAX);
        await this.#pause(ceiling / 2 + (Math.random() * ceiling) / 2);
      }
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }

  async #run(what: string, loop: () => Promise<void>): Promise<void> {
    await loop().catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#options.onError?.(error, what);
    });
  }
}
