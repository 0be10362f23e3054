import type { Actor } from '../../../../kernel/access/actor.js';
import type { AppsFixture } from './apps-fixture.js';

/** A lease as tests hold it. */
export interface HeldWork {
  readonly workItemId: string;
  readonly kind: string;
  readonly observesFirst: boolean;
  readonly attempt: number;
  readonly claim: { readonly workItemId: string; readonly leaseId: string; readonly fence: number };
}

export interface InstanceFacts {
  readonly state: string;
  readonly stateReason: string | null;
  readonly desiredState: string;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly availableActions: readonly string[];
  readonly conditions: Readonly<Record<string, string>>;
  readonly endpoints: readonly { readonly url: string | null; readonly isReady: boolean }[];
  readonly workItems: readonly {
    readonly id: string;
    readonly kind: string;
    readonly state: string;
    readonly attempt: number;
    readonly observesFirst: boolean;
    readonly failureClass: string | null;
  }[];
  readonly lateReports: readonly {
    readonly verb: string;
    readonly code: string;
    readonly fence: number;
    readonly currentFence: number;
  }[];
  readonly leaks: readonly { readonly unconfirmed: readonly string[] }[];
}

const READY = [{ name: 'web', url: 'http://127.0.0.1:8888/lab', isReady: true }];
const FACTS = `state stateReason desiredState generation observedGeneration availableActions conditions { type status reason } endpoints { url isReady }
  workItems { id kind state attempt observesFirst failureClass } lateReports { verb code fence currentFence } leaks { unconfirmed }`;

function must(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(sentence);
}

/** The steps of an app's life, as tests take them: a member on one side, a worker on the other. */
export class AppLife {
  readonly #fixture: AppsFixture;
  #count = 0;

  constructor(fixture: AppsFixture) {
    this.#fixture = fixture;
  }

  async launch(change: Record<string, unknown> = {}): Promise<string> {
    this.#count += 1;
    const { projectId, platform } = this.#fixture;
    const allocationId = change['allocationId'] ?? platform.addAllocation(projectId);
    const input = {
      projectId,
      appSlug: 'jupyterlab',
      allocationId,
      name: `life-${this.#count}-${Math.random().toString(36).slice(2, 8)}`,
      ...change,
    };
    const payload = await this.#fixture.mutate('appInstanceLaunch', 'appInstance { id }', input);
    must(payload.userErrors.length === 0, `the launch was refused: ${JSON.stringify(payload.userErrors)}`);
    return payload.appInstance.id;
  }

  /** The next work item of the project; null when there is none. */
  async lease(as: Actor = this.#fixture.worker): Promise<HeldWork | null> {
    const input = { projectId: this.#fixture.projectId, appSlugs: ['jupyterlab', 'vllm'] };
    const { lease } = await this.#fixture.mutate(
      'appWorkItemLease',
      'lease { leaseId fence workItem { id kind observesFirst attempt } }',
      input,
      as,
    );
    if (lease === null) return null;
    const { id, kind, observesFirst, attempt } = lease.workItem;
    return {
      workItemId: id,
      kind,
      observesFirst,
      attempt,
      claim: { workItemId: id, leaseId: lease.leaseId, fence: lease.fence },
    };
  }

  async mustLease(kind?: string): Promise<HeldWork> {
    const held = await this.lease();
    if (held === null) throw new Error('there is no work');
    must(kind === undefined || held.kind === kind, `the work is ${held.kind}`);
    return held;
  }

  /** A worker's write; answers the codes of its refusals. */
  async write(
    verb: 'Report' | 'Complete' | 'Fail' | 'Release',
    held: HeldWork,
    told: Record<string, unknown> = {},
    as: Actor = this.#fixture.worker,
  ): Promise<string[]> {
    const payload = await this.#fixture.mutate(`appWorkItem${verb}`, 'workItem { id }', { ...held.claim, ...told }, as);
    return payload.userErrors.map((error: { code: string }) => error.code);
  }

  async complete(
    held: HeldWork,
    told: Record<string, unknown> = { endpoints: READY, health: 'HEALTHY' },
  ): Promise<string[]> {
    return this.write('Complete', held, held.kind === 'DECOMMISSION' ? {} : told);
  }

  fail(held: HeldWork, failureClass: string, message = 'it broke'): Promise<string[]> {
    return this.write('Fail', held, { failureClass, message });
  }

  async heartbeat(held: HeldWork, as: Actor = this.#fixture.worker): Promise<string> {
    return (await this.#fixture.mutate('appWorkItemHeartbeat', 'answer', held.claim, as)).answer;
  }

  /** Launches and brings up. */
  async running(change: Record<string, unknown> = {}): Promise<string> {
    const id = await this.launch(change);
    const codes = await this.complete(await this.mustLease('PROVISION'));
    must(codes.length === 0 && (await this.see(id)).state === 'RUNNING', `it does not run: ${codes.join(', ')}`);
    return id;
  }

  /** Asks something of an instance; answers the codes of the refusals. */
  async ask(action: string, id: string, more: Record<string, unknown> = {}): Promise<string[]> {
    const payload = await this.#fixture.mutate(`appInstance${action}`, 'appInstance { id }', { id, ...more });
    return payload.userErrors.map((error: { code: string }) => error.code);
  }

  async see(id: string): Promise<InstanceFacts> {
    const answer = await this.#fixture.run(`query ($id: ID!) { appInstance(id: $id) { ${FACTS} } }`, { id });
    must(answer.errors === undefined, JSON.stringify(answer.errors));
    const instance = answer.data.appInstance;
    const conditions = instance.conditions as { type: string; status: string; reason: string }[];
    return {
      ...instance,
      conditions: Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`])),
    };
  }

  /** Lets every lease run out, as if its holder had been paused. */
  async expireLeases(): Promise<void> {
    await this.#fixture.sql(
      `update apps.work_items set lease_expires_at = now() - interval '1 second' where state = 'leased'`,
    );
  }

  async lapse(): Promise<void> {
    await this.expireLeases();
    await this.#fixture.runJob('apps.work_item.lapse');
  }

  /** Lets the deadline of an instance's state pass. */
  async passDeadline(id: string): Promise<void> {
    await this.#fixture.sql(`update apps.instances set state_deadline_at = now() - interval '1 second' where id = $1`, [
      id,
    ]);
    await this.#fixture.runJob('apps.instance.enforce_deadline');
  }
}
