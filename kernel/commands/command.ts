import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import type { Scope } from '../access/authority.js';
import type { Transaction } from '../database/transaction.js';
import type { Outcome } from '../errors/refusal.js';
import type { EventInput, EventType } from '../events/event-type.js';

/** What a command may return: it is stored under the idempotency key and answered again to a replay. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Looks something up before the command's transaction begins, as the system; for finding the scope only. */
export interface ScopeLookup {
  row<Row extends Record<string, unknown>>(text: string, values: readonly unknown[]): Promise<Row | null>;
}

/** What `run` is given. All changes go through `tx`; `emit` and `describe` leave with the same commit. */
export interface CommandContext {
  readonly tx: Transaction;
  readonly actor: Actor;
  readonly scope: Scope;
  readonly correlationId: string;
  readonly now: Date;
  emit<Data extends z.ZodType>(type: EventType<Data>, event: EventInput<Data>): void;
  /** Names the target of the audit record, and adds small facts to it. Never secrets. */
  describe(target: { type: string; id: string }, metadata?: Readonly<Record<string, unknown>>): void;
}

export interface Command<Input extends z.ZodType = z.ZodType, Result extends Json = Json> {
  /** `<domain>.<resource>.<verb>`: the permission and the audit action. The registry must know it. */
  readonly action: string;
  readonly input: Input;
  /** Where it acts; null when the thing named does not exist (answered as NOT_FOUND). */
  readonly scope: (input: z.output<Input>, lookup: ScopeLookup, actor: Actor) => Promise<Scope | null> | Scope | null;
  /** True when the caller acts on itself (own session, own key): authentication suffices, no permission is asked. */
  readonly isSelfService?: boolean;
  /** True when it changes who may do what: it runs alone in its organization, under the exclusive access lock. */
  readonly changesAccess?: boolean;
  /** Run again as a whole after a deadlock or serialization failure: it must change nothing but the database. */
  readonly run: (context: CommandContext, input: z.output<Input>) => Promise<Outcome<Result>>;
  /** Present when waiting invocations may share one transaction; see {@link defineGroupCommand}. */
  readonly runTogether?: RunTogether<Input, Result>;
}

/** One invocation among those that share a transaction; every context has the same `tx`. */
export interface GroupMember<Input extends z.ZodType = z.ZodType> {
  readonly context: CommandContext;
  readonly input: z.output<Input>;
}

/**
 * Decides members in one transaction; one outcome each, in their order. A member that is not accepted has changed
 * nothing in `tx`: the others are committed without it (what it emitted or described is dropped by the kernel). `null`
 * says that it cannot be decided beside the others: it is decided again, by itself. A single member is never answered
 * `null`, and may be refused after it changed something. Whatever is thrown undoes all, and each is decided by itself.
 * The members may be of different organizations, and `tx` shows the rows of all of them: every statement names whose.
 */
export type RunTogether<Input extends z.ZodType, Result extends Json> = (
  tx: Transaction,
  members: readonly GroupMember<Input>[],
) => Promise<readonly (Outcome<Result> | null)[]>;

/** A command whose one implementation works on a list. It does not change access: nobody waits for its lock. */
export type GroupCommand<Input extends z.ZodType, Result extends Json> = Omit<
  Command<Input, Result>,
  'run' | 'changesAccess' | 'runTogether'
> & { readonly runTogether: RunTogether<Input, Result> };

const ACTION = /^[a-z][a-z_]*\.[a-z][a-z_]*\.[a-z][a-z_]*$/;

export function defineCommand<Input extends z.ZodType, Result extends Json>(
  command: Command<Input, Result>,
): Command<Input, Result> {
  if (!ACTION.test(command.action)) throw new Error(`action "${command.action}" is not <domain>.<resource>.<verb>`);
  return command;
}

/**
 * A command whose invocations wait for each other's commit anyway, and so go together: while a few transactions of it
 * run, what arrives is collected, and runs in one transaction with set-based statements. Each invocation keeps its own
 * decision, events, audit record, idempotency key and receipt, and is answered as if it had run by itself.
 */
export function defineGroupCommand<Input extends z.ZodType, Result extends Json>(
  command: GroupCommand<Input, Result>,
): Command<Input, Result> {
  return defineCommand({
    ...command,
    async run(context, input) {
      const [outcome] = await command.runTogether(context.tx, [{ context, input }]);
      if (outcome == null) throw new Error(`${command.action} did not decide what was asked for alone`);
      return outcome;
    },
  });
}

/** The audit record's id and the revision of access data that the command was decided on. */
export interface Receipt {
  readonly auditId: string;
  readonly accessRevision: string;
  readonly isReplay: boolean;
}

export type CommandResult<Result extends Json> =
  | { readonly ok: true; readonly value: Result; readonly reveal?: string; readonly receipt: Receipt }
  | (Outcome<never> & { readonly ok: false });
