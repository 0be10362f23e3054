import DataLoader from 'dataloader';
import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import type { Authority, Decision, Reach, Scope } from '../access/authority.js';
import type { Command, CommandResult, Json } from '../commands/command.js';
import type { CommandPipeline } from '../commands/command-pipeline.js';
import { denial } from '../commands/command-records.js';
import type { Database, Isolation } from '../database/database.js';
import type { Transaction } from '../database/transaction.js';
import { PlatformError } from '../errors/platform-error.js';
import { decodeCursor, decodeStart } from '../events/cursor.js';
import type { EventFeed, EventFilter } from '../events/event-feed.js';
import { type StreamItem, streamEvents } from '../events/event-stream.js';
import type { MutationReceipt, UserError } from './shared-types.js';

/** A batching loader: answers for each key, in order; null where nothing is, or nothing may be seen. */
export interface Loader<Key extends string, Value> {
  readonly name: string;
  readonly load: (context: RequestContext, keys: readonly Key[]) => Promise<readonly (Value | null)[]>;
}

export function defineLoader<Key extends string, Value>(
  name: string,
  load: Loader<Key, Value>['load'],
): Loader<Key, Value> {
  return { name, load };
}

export interface ContextServices {
  readonly database: Database;
  readonly pipeline: CommandPipeline;
  readonly feed: EventFeed;
}

export interface RequestFacts {
  readonly actor: Actor;
  readonly correlationId: string;
  /** W3C trace context of the request, handed on to other processes. */
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  /** Aborted when the caller is gone: a long poll must not take anything for nobody. */
  readonly signal?: AbortSignal | undefined;
}

type Payload<Entities> = { [Name in keyof Entities]: Entities[Name] | null } & {
  userErrors: UserError[];
  receipt: MutationReceipt | null;
};

/** What one request, or one event of a stream, works with: who asks, loaders, reads, commands, decisions. */
export class RequestContext {
  readonly actor: Actor;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly #services: ContextServices;
  readonly #loaders = new Map<unknown, DataLoader<string, unknown>>();
  readonly #decisions = new Map<string, Promise<Decision>>();
  readonly #reaches = new Map<string, Promise<Reach>>();

  constructor(services: ContextServices, facts: RequestFacts) {
    this.#services = services;
    this.actor = facts.actor;
    this.correlationId = facts.correlationId;
    this.traceparent = facts.traceparent;
    this.tracestate = facts.tracestate;
    this.signal = facts.signal;
  }

  /**
   * The same caller with nothing remembered: each event of a stream, and each operation of a socket, reads the present.
   * Throws TOKEN_EXPIRED when the credential has ended since.
   */
  fresh(): RequestContext {
    const { expiresAt } = this.actor;
    if (expiresAt !== undefined && expiresAt * 1000 <= Date.now()) {
      throw new PlatformError(
        'TOKEN_EXPIRED',
        'The token has expired; come back with a new one, and with the last cursor of a stream.',
      );
    }
    return new RequestContext(this.#services, this);
  }

  get authority(): Authority {
    return this.#services.pipeline.authority;
  }

  get #isolation(): Isolation {
    return this.actor.organizationIds === '*' ? 'system' : this.actor.organizationIds;
  }

  /** Reads under the caller's row level security. */
  async read<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.#services.database.read(this.#isolation, work);
  }

  /** Loads one value; all keys asked for in the same tick are loaded in one batch. */
  async load<Key extends string, Value>(loader: Loader<Key, Value>, key: Key): Promise<Value | null> {
    let batching = this.#loaders.get(loader);
    if (batching === undefined) {
      const batch = (keys: readonly string[]): Promise<ArrayLike<unknown>> => loader.load(this, keys as readonly Key[]);
      batching = new DataLoader<string, unknown>(batch, { maxBatchSize: 500 });
      this.#loaders.set(loader, batching);
    }
    return (await batching.load(key)) as Value | null;
  }

  /** Decides for the caller, once per permission and scope in a request. */
  async decide(permission: string, scope: Scope): Promise<Decision> {
    const key = `${permission} ${scope.level} ${scope.id}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const decision = this.authority.decide(this.actor, permission, scope);
    this.#decisions.set(key, decision);
    return decision;
  }

  async can(permission: string, scope: Scope): Promise<boolean> {
    if (this.actor.kind === 'system') return true;
    return (await this.decide(permission, scope)).isAllowed;
  }

  /** Throws UNAUTHENTICATED, FORBIDDEN or NOT_FOUND unless the caller holds the permission there. The denial is audited. */
  async require(permission: string, scope: Scope): Promise<void> {
    this.requireSignIn();
    if (this.actor.kind === 'system') return;
    const decision = await this.decide(permission, scope);
    if (decision.isAllowed) return;
    await this.#services.pipeline.auditDenial(decision, this);
    throw denial(decision);
  }

  requireSignIn(): void {
    if (this.actor.kind === 'anonymous')
      throw new PlatformError('UNAUTHENTICATED', 'Sign in, or send a token, to see this.');
  }

  /** Where the caller holds a permission: lists push this into SQL, see {@link reachCondition}. */
  async reach(permission: string): Promise<Reach> {
    const known = this.#reaches.get(permission);
    if (known !== undefined) return known;
    const reach = this.authority.reach(this.actor, permission);
    this.#reaches.set(permission, reach);
    return reach;
  }

  /** Runs a command as the caller. */
  async execute<Input extends z.ZodType, Result extends Json>(
    command: Command<Input, Result>,
    input: unknown,
  ): Promise<CommandResult<Result>> {
    return this.#services.pipeline.execute(command, input, this);
  }

  /** Runs a command and shapes the payload of its mutation; `entities` is asked only when it was accepted. */
  async mutate<Input extends z.ZodType, Result extends Json, Entities extends Record<string, unknown>>(
    command: Command<Input, Result>,
    input: unknown,
    entities: (value: Result, reveal: string | undefined) => Promise<Entities> | Entities,
  ): Promise<Payload<Entities>> {
    const result = await this.execute(command, input);
    if (result.ok) {
      const shown = await entities(result.value, result.reveal);
      return { ...shown, userErrors: [], receipt: result.receipt };
    }
    const userErrors = result.refusals.map((refusal) => ({
      code: refusal.code,
      message: refusal.message,
      field: refusal.field === undefined ? null : [...refusal.field],
      details: refusal.details === undefined ? null : { ...refusal.details },
    }));
    return { userErrors, receipt: null } as unknown as Payload<Entities>;
  }

  /**
   * Streams events of a scope to the caller, who must hold `permission` there now and for as long as the stream runs;
   * `null` asks for no more than being signed in. `after` is the last cursor seen; without it the stream begins now, and
   * with `now` as well, after an event `stream.opened` that tells its cursor.
   * `feed` names another log than that of events.
   */
  stream(options: {
    permission: string | null;
    scope: Scope;
    filter: EventFilter;
    after?: string | null | undefined;
    feed?: EventFeed;
  }): AsyncIterableIterator<StreamItem> {
    const { permission, scope } = options;
    return streamEvents(options.feed ?? this.#services.feed, {
      filter: options.filter,
      after: decodeStart(options.after),
      authorize: async () => (permission === null ? this.requireSignIn() : this.fresh().require(permission, scope)),
      onAccessChange: (listener) =>
        this.authority.onAccessChange((organizationId) => {
          if (organizationId === null || scope.organizationId === null || organizationId === scope.organizationId)
            listener();
        }),
      expiresAt: this.actor.expiresAt,
    });
  }

  /** Events of a scope as history: the twin of {@link stream}. */
  async history(
    filter: EventFilter,
    after: string | null | undefined,
    limit: number,
    feed: EventFeed = this.#services.feed,
  ): Promise<StreamItem[]> {
    let position = after == null ? feed.firstKept - 1n : decodeCursor(after);
    const items: StreamItem[] = [];
    if (position + 1n < feed.firstKept) {
      items.push({ kind: 'gap', gap: { from: position + 1n, to: feed.firstKept - 1n } });
      position = feed.firstKept - 1n;
    }
    const { events } = await feed.readAfter(position, filter, limit);
    return [...items, ...events.map((entry) => ({ kind: 'event' as const, entry }))];
  }
}

/**
 * The SQL condition of a reach over a table that has these columns. Parameters begin at `$firstParameter`.
 * A table without departments passes null for that column.
 */
export function reachCondition(
  reach: Reach,
  columns: { organization: string; department?: string | null; project?: string | null },
  firstParameter: number,
): { condition: string; values: unknown[] } {
  if (reach.isEverywhere) return { condition: 'true', values: [] };
  const parts: string[] = [];
  const values: unknown[] = [];
  const add = (column: string | null | undefined, ids: readonly string[]): void => {
    if (column == null || ids.length === 0) return;
    parts.push(`${column} = any ($${firstParameter + values.length}::text[])`);
    values.push(ids);
  };
  add(columns.organization, reach.organizationIds);
  add(columns.department, reach.departmentIds);
  add(columns.project, reach.projectIds);
  return parts.length === 0 ? { condition: 'false', values: [] } : { condition: `(${parts.join(' or ')})`, values };
}
