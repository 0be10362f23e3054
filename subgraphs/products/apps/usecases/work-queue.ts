import type { CommandResult } from '../../../../kernel/commands/command.js';
import { PlatformError } from '../../../../kernel/errors/platform-error.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import type { Kernel } from '../../../../kernel/kernel.js';
import { notePresence } from '../store/instance-store.js';
import type { AppsCommands } from './apps-commands.js';
import { type AppsServices, PRODUCT_ID } from './apps-services.js';
import { hasLeasable, type LeaseResult } from './lease-work-item.js';

/** A long poll lasts at most so long. */
export const WAIT_MILLISECONDS_MAX = 20_000;
/** Lapsed leases and retries become due without an event: look again so often. */
const LOOK_AGAIN_MILLISECONDS = 1000;
/** More waiting polls than this in one process answer at once. */
const WAITING_MAX = 2000;

export interface WorkPoll {
  readonly projectId: string;
  readonly appSlugs: readonly string[];
  readonly waitMs: number;
}

/** The queue as workers see it: waits for work without holding a connection, and leaves no audit record while idle. */
export class WorkQueue {
  readonly #kernel: Kernel;
  readonly #commands: AppsCommands;
  readonly #services: AppsServices;
  #waiting = 0;

  constructor(dependencies: { kernel: Kernel; commands: AppsCommands; services: AppsServices }) {
    this.#kernel = dependencies.kernel;
    this.#commands = dependencies.commands;
    this.#services = dependencies.services;
  }

  /** Takes the next work item; waits up to `waitMs` for one. Throws what access demands; null when nothing came. */
  async poll(context: RequestContext, poll: WorkPoll): Promise<CommandResult<LeaseResult | null> | null> {
    if (!Number.isInteger(poll.waitMs) || poll.waitMs < 0 || poll.waitMs > WAIT_MILLISECONDS_MAX) {
      throw new PlatformError('BAD_USER_INPUT', `"waitMs" must be from 0 to ${WAIT_MILLISECONDS_MAX}.`, {
        field: ['input', 'waitMs'],
      });
    }
    await this.#announce(context, poll);
    const deadline = Date.now() + (this.#waiting >= WAITING_MAX ? 0 : poll.waitMs);
    this.#waiting += 1;
    try {
      for (;;) {
        const position = this.#kernel.feed.head;
        // Work that is handed to a caller who is gone would lie until its lease lapses.
        if (context.signal?.aborted === true) return null;
        const result = await this.#take(context, poll);
        if (result !== null) return result;
        const remaining = deadline - Date.now();
        if (remaining <= 0 || this.#kernel.feed.isClosed) return null;
        const isOver = AbortSignal.timeout(Math.min(remaining, LOOK_AGAIN_MILLISECONDS));
        const signal = context.signal === undefined ? isOver : AbortSignal.any([isOver, context.signal]);
        await this.#workMayHaveCome(poll.projectId, position, signal);
      }
    } finally {
      this.#waiting -= 1;
    }
  }

  /** That a worker asked is an observation, not a decision: written without a command, for those who may lease here only. */
  async #announce(context: RequestContext, poll: WorkPoll): Promise<void> {
    const project = await this.#services.iam.directory.project(poll.projectId);
    if (project === null) throw new PlatformError('NOT_FOUND', 'The project does not exist.');
    await context.require(this.#commands.lease.action, project.scope);
    const { projectId, appSlugs } = poll;
    const { organizationId } = project;
    await this.#kernel.database.transaction([organizationId], async (tx) => {
      const known = await tx.rows<{ slug: string }>('select slug from apps.apps where slug = any ($1)', [
        appSlugs.slice(0, 50),
      ]);
      await notePresence(tx, {
        projectId,
        organizationId,
        appSlugs: known.map((row) => row.slug),
        polledBy: context.actor.id,
      });
    });
  }

  async #take(context: RequestContext, poll: WorkPoll): Promise<CommandResult<LeaseResult | null> | null> {
    if (!(await context.read((tx) => hasLeasable(tx, poll)))) return null;
    const result = await context
      .fresh()
      .execute(this.#commands.lease, { projectId: poll.projectId, appSlugs: [...poll.appSlugs] });
    // Somebody else was faster: wait on.
    return result.ok && result.value === null ? null : result;
  }

  async #workMayHaveCome(projectId: string, from: bigint, signal: AbortSignal): Promise<void> {
    const { feed } = this.#kernel;
    let position = from;
    while (!signal.aborted && !feed.isClosed) {
      const { events, through } = await feed.readAfter(position, { types: [`${PRODUCT_ID}.work_item.`], projectId }, 1);
      if (events.length > 0) return;
      position = through;
      await feed.waitBeyond(position, signal);
    }
  }
}
