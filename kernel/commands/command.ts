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
}

const ACTION = /^[a-z][a-z_]*\.[a-z][a-z_]*\.[a-z][a-z_]*$/;

export function defineCommand<Input extends z.ZodType, Result extends Json>(
  command: Command<Input, Result>,
): Command<Input, Result> {
  if (!ACTION.test(command.action)) throw new Error(`action "${command.action}" is not <domain>.<resource>.<verb>`);
  return command;
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
