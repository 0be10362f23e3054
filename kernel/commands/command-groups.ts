import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import type { Decision } from '../access/authority.js';
import { PlatformError } from '../errors/platform-error.js';
import type { Refused } from '../errors/refusal.js';
import { inSpan } from '../telemetry/tracing.js';
import type { CommandCall } from './command-call.js';
import type { Command, CommandResult, Json } from './command.js';
import { GroupQueue, type Waiting } from './group-queue.js';
import { type GroupEnd, type GroupParts, type Verdict, decideTogether } from './group-transaction.js';
import { nameOf } from './idempotency.js';

/** Transactions of one command at the same time: while the database works on one, the next is prepared. */
const IN_FLIGHT_MAX = 2;
/** Calls of one transaction: enough that its own cost is shared, few enough that nobody waits long for the others. */
const GROUP_MAX = 32;
/** Calls of one command that may wait for their group: some seconds' worth. */
const WAITING_MAX = 5_000;
/** Scopes remembered as ones whose calls undo the work of others. */
const TROUBLED_MAX = 10_000;

export interface CommandGroupsOptions {
  /** Asked for each group, since the authority comes after start-up. */
  readonly parts: () => GroupParts;
  /** Decides a call in a transaction of its own: what a group must be indistinguishable from. */
  readonly alone: <Input extends z.ZodType, Result extends Json>(
    call: CommandCall<Input, Result>,
  ) => Promise<CommandResult<Result>>;
  /** Records a refusal, and answers it. */
  readonly refused: (call: CommandCall<never, never>, outcome: Refused) => Promise<Refused>;
  /** Records a denial, and throws it. */
  readonly denied: (call: CommandCall<never, never>, decision: Decision) => Promise<never>;
}

type Queue<Input extends z.ZodType, Result extends Json> = GroupQueue<
  CommandCall<Input, Result>,
  CommandResult<Result>
>;

/**
 * Lets calls of a command that is defined so go in groups. What a group cannot decide is decided by itself, one by one,
 * and so is everything of a group that was undone. A scope whose call had to be, and failed, stays out of groups until
 * one of its calls succeeds: a customer who is refused all the time does not slow the others.
 */
export class CommandGroups {
  readonly #options: CommandGroupsOptions;
  readonly #queues = new WeakMap<object, unknown>();
  readonly #troubled = new LRUCache<string, true>({ max: TROUBLED_MAX });

  constructor(options: CommandGroupsOptions) {
    this.#options = options;
  }

  /** Whether the call may share a transaction: what acts on the platform itself is isolated from all organizations. */
  takes<Input extends z.ZodType, Result extends Json>(call: CommandCall<Input, Result>): boolean {
    return call.command.runTogether !== undefined && call.scope.organizationId !== null;
  }

  async submit<Input extends z.ZodType, Result extends Json>(
    call: CommandCall<Input, Result>,
  ): Promise<CommandResult<Result>> {
    return this.#troubled.has(call.scope.id) ? this.#alone(call) : this.#queueOf(call.command).submit(call);
  }

  #queueOf<Input extends z.ZodType, Result extends Json>(command: Command<Input, Result>): Queue<Input, Result> {
    const known = this.#queues.get(command) as Queue<Input, Result> | undefined;
    if (known !== undefined) return known;
    const queue: Queue<Input, Result> = new GroupQueue({
      inFlightMax: IN_FLIGHT_MAX,
      sizeMax: GROUP_MAX,
      waitingMax: WAITING_MAX,
      keyOf: ({ entry }) => (entry === null ? null : nameOf(entry)),
      run: (group) => this.#run(group),
    });
    this.#queues.set(command, queue);
    return queue;
  }

  async #run<Input extends z.ZodType, Result extends Json>(
    group: readonly Waiting<CommandCall<Input, Result>, CommandResult<Result>>[],
  ): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const { runTogether, action } = first.item.command;
    if (group.length === 1 || runTogether === undefined) {
      const answers = group.map(async ({ item, settle }) => {
        const answer = this.#options.alone(item);
        settle(answer);
        return answer;
      });
      await Promise.allSettled(answers);
      return;
    }
    const calls = group.map(({ item }) => item);
    const end = await inSpan(`commands ${action}`, () => decideTogether(this.#options.parts(), runTogether, calls));
    for (const [index, { item, settle }] of group.entries()) settle(this.#answer(item, end, index));
  }

  async #answer<Input extends z.ZodType, Result extends Json>(
    call: CommandCall<Input, Result>,
    end: GroupEnd<Result>,
    index: number,
  ): Promise<CommandResult<Result>> {
    if (end.kind === 'unreachable') throw end.error;
    // With a key the result is found again, or the other transaction is waited for; without one it could be done twice.
    if (end.kind === 'unknown' && call.entry === null) throw end.error;
    const verdict: Verdict<Result> | undefined = end.kind === 'committed' ? end.verdicts[index] : undefined;
    if (verdict === undefined || verdict.kind === 'undecided') return this.#alone(call);
    if (verdict.kind === 'answered') return verdict.result;
    if (verdict.kind === 'refused') return this.#options.refused(call as never, verdict.outcome);
    return this.#options.denied(call as never, verdict.decision);
  }

  /** By itself, and it is remembered what came of it. */
  async #alone<Input extends z.ZodType, Result extends Json>(
    call: CommandCall<Input, Result>,
  ): Promise<CommandResult<Result>> {
    const { id } = call.scope;
    try {
      const result = await this.#options.alone(call);
      if (result.ok) this.#troubled.delete(id);
      else this.#troubled.set(id, true);
      return result;
    } catch (error) {
      // What is wrong with the database, or with who asks, is not the scope's doing.
      if (!(error instanceof PlatformError)) this.#troubled.set(id, true);
      throw error;
    }
  }
}
