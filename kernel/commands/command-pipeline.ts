import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import type { Authority, Decision, Scope } from '../access/authority.js';
import type { Database, Isolation } from '../database/database.js';
import { isTransient, violatedConstraint } from '../database/database-errors.js';
import { UNSTORABLE_TEXT, findUnstorableText } from '../database/storable-text.js';
import type { Statement } from '../database/statement-batch.js';
import { PlatformError } from '../errors/platform-error.js';
import { type Refused, refuse, refuseAll } from '../errors/refusal.js';
import type { CommandMetrics } from '../telemetry/metrics.js';
import { inSpan } from '../telemetry/tracing.js';
import { type CommandCall, contextOf } from './command-call.js';
import { CommandGroups } from './command-groups.js';
import type { Command, CommandResult, Json } from './command.js';
import { type Draft, type Invocation, auditRecord, denial, denialRecord, refusalRecord } from './command-records.js';
import { findStatement, idempotencyEntry, nameOf, replayOf, storeResults, storedResults } from './idempotency.js';

export interface PipelineOptions {
  readonly database: Database;
  readonly metrics: CommandMetrics;
  /** True when the registry knows the action; unregistered ones fail closed. */
  readonly clock?: () => Date;
}

/** Thrown inside the transaction to undo it; never leaves the pipeline. */
class Undo extends Error {
  constructor(readonly refused: Refused) {
    super('the command was refused');
  }
}

const ATTEMPTS = 4;

/** The one way for every change. See the design, "the command pipeline". */
export class CommandPipeline {
  readonly #database: Database;
  readonly #metrics: CommandMetrics;
  readonly #clock: () => Date;
  readonly #groups: CommandGroups;
  #authority: Authority | undefined;

  constructor(options: PipelineOptions) {
    this.#database = options.database;
    this.#metrics = options.metrics;
    this.#clock = options.clock ?? (() => new Date());
    this.#groups = new CommandGroups({
      parts: () => ({ database: this.#database, authority: this.authority, now: this.#clock() }),
      alone: (call) => this.#alone(call),
      refused: ({ command, invocation, scope }, outcome) =>
        this.#refused(command.action, invocation, { scope, outcome }),
      denied: ({ invocation }, decision) => this.#denied(decision, invocation),
    });
  }

  /** Gives the pipeline its authority, once. Without one, everything is refused. */
  useAuthority(authority: Authority): void {
    if (this.#authority !== undefined) throw new Error('the pipeline has its authority already');
    this.#authority = authority;
  }

  get authority(): Authority {
    if (this.#authority === undefined)
      throw new PlatformError('UNAVAILABLE', 'Access decisions are not available yet.');
    return this.#authority;
  }

  /** Parses, authorizes and runs a command. Denials throw FORBIDDEN (or NOT_FOUND, STEP_UP_REQUIRED); refusals are returned. */
  async execute<Input extends z.ZodType, Result extends Json>(
    command: Command<Input, Result>,
    rawInput: unknown,
    invocation: Invocation,
  ): Promise<CommandResult<Result>> {
    return inSpan(`command ${command.action}`, async () => {
      const stop = this.#metrics.start(command.action);
      try {
        const result = await this.#run(command, rawInput, invocation);
        stop(result.ok ? 'success' : 'refused');
        return result;
      } catch (error) {
        stop(error instanceof PlatformError && error.code === 'FORBIDDEN' ? 'denied' : 'error');
        throw error;
      }
    });
  }

  async #run<Input extends z.ZodType, Result extends Json>(
    command: Command<Input, Result>,
    rawInput: unknown,
    invocation: Invocation,
  ): Promise<CommandResult<Result>> {
    const { actor } = invocation;
    if (actor.kind === 'anonymous') throw new PlatformError('UNAUTHENTICATED', 'Sign in, or send a token, to do this.');
    const unstorable = findUnstorableText(rawInput);
    if (unstorable !== null) return refuseAll([toRefusal({ path: unstorable, message: UNSTORABLE_TEXT })]);
    const parsed = command.input.safeParse(rawInput);
    if (!parsed.success) return refuseAll(parsed.error.issues.map(toRefusal));
    const input = parsed.data;
    const scope = await this.#scopeOf(command, input, actor);
    if (scope === null) {
      const outcome = refuse('NOT_FOUND', 'The thing that the input names does not exist.');
      return this.#refused(command.action, invocation, { scope, outcome });
    }
    const call = { command, input, invocation, scope, entry: idempotencyEntry(actor.id, command.action, input) };
    return this.#groups.takes(call) ? this.#groups.submit(call) : this.#alone(call);
  }

  async #scopeOf<Input extends z.ZodType>(
    command: Command<Input>,
    input: z.output<Input>,
    actor: Actor,
  ): Promise<Scope | null> {
    const database = this.#database;
    return command.scope(
      input,
      { row: (text, values) => database.read('system', (tx) => tx.row(text, values)) },
      actor,
    );
  }

  /** Decides a call in a transaction of its own, again after a deadlock, a serialization failure or a race for its key. */
  async #alone<Input extends z.ZodType, Result extends Json>(
    call: CommandCall<Input, Result>,
  ): Promise<CommandResult<Result>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(call);
      } catch (error) {
        const { command, invocation, scope } = call;
        if (error instanceof Undo) return this.#refused(command.action, invocation, { scope, outcome: error.refused });
        const isRace = violatedConstraint(error) === 'idempotency_pkey';
        if (attempt >= ATTEMPTS || !(isRace || isTransient(error))) throw error;
        await pause(attempt);
      }
    }
  }

  async #attempt<Input extends z.ZodType, Result extends Json>(
    call: CommandCall<Input, Result>,
  ): Promise<CommandResult<Result>> {
    const { command, input, invocation, scope, entry } = call;
    const lockMode = command.changesAccess === true ? 'exclusive' : 'shared';
    const preamble: Statement[] = [
      statementOf(this.authority.lockStatement(scope.organizationId, lockMode)),
      statementOf(this.authority.revisionStatement(scope.organizationId)),
    ];
    if (entry !== null) preamble.push(findStatement([entry]));
    return this.#database.transaction(
      isolationFor(scope, invocation.actor),
      async (tx, [, revisionRows, storedRows]) => {
        const accessRevision = revisionOf(revisionRows);
        await this.#authorize(call, accessRevision);
        const stored = entry === null ? undefined : storedResults(storedRows).get(nameOf(entry));
        if (stored !== undefined && entry !== null)
          return undoRefused(replayOf(stored, entry, accessRevision)) as CommandResult<Result>;
        const draft: Draft = { target: null, metadata: {} };
        const context = contextOf(call, { tx, outbox: tx, draft, now: this.#clock() });
        const outcome = undoRefused(await command.run(context, input));
        const record = auditRecord(command.action, invocation, { scope, draft, result: 'success' });
        const auditId = this.authority.audit(tx, record);
        if (entry !== null) storeResults(tx, [{ entry, value: outcome.value, auditId }]);
        return { ...outcome, receipt: { auditId, accessRevision, isReplay: false } };
      },
      { preamble },
    );
  }

  async #authorize(call: CommandCall, revision: string): Promise<void> {
    const { command, invocation, scope } = call;
    if (invocation.actor.kind === 'system' || command.isSelfService === true) return;
    const decision = await this.authority.decide(invocation.actor, command.action, scope, revision);
    if (!decision.isAllowed) await this.#denied(decision, invocation);
  }

  async #denied(decision: Decision, invocation: Invocation): Promise<never> {
    await this.auditDenial(decision, invocation);
    throw denial(decision);
  }

  /** Records a denial in a transaction of its own. Queries call it too. */
  async auditDenial(decision: Decision, invocation: Invocation): Promise<void> {
    await this.#database.transaction('system', async (tx) => {
      this.authority.audit(tx, denialRecord(decision, invocation));
    });
  }

  async #refused(
    action: string,
    invocation: Invocation,
    refused: { readonly scope: Scope | null; readonly outcome: Refused },
  ): Promise<Refused> {
    await this.#database.transaction('system', async (tx) => {
      this.authority.audit(tx, refusalRecord(action, invocation, refused));
    });
    return refused.outcome;
  }
}

/** Undoes the transaction when it was refused. */
function undoRefused<Value extends { readonly ok: boolean }>(outcome: Value | Refused): Exclude<Value, Refused> {
  if (!outcome.ok) throw new Undo(outcome as Refused);
  return outcome as Exclude<Value, Refused>;
}

function statementOf(statement: string | Statement): Statement {
  return typeof statement === 'string' ? { text: statement } : statement;
}

function revisionOf(rows: readonly Record<string, unknown>[] | undefined): string {
  const revision = rows?.[0]?.['revision'];
  return typeof revision === 'bigint' || typeof revision === 'number' || typeof revision === 'string'
    ? `${revision}`
    : '0';
}

function isolationFor(scope: Scope, actor: Actor): Isolation {
  if (scope.organizationId !== null) return [scope.organizationId];
  return actor.organizationIds === '*' || scope.level === 'platform' ? 'system' : actor.organizationIds;
}

function toRefusal(issue: Pick<z.core.$ZodIssue, 'path' | 'message'>): {
  code: 'INVALID_INPUT';
  message: string;
  field: string[];
} {
  const field = ['input', ...issue.path.map(String)];
  return { code: 'INVALID_INPUT', message: `${field.join('.')}: ${issue.message}`, field };
}

async function pause(attempt: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, Math.random() * 10 * 2 ** attempt);
  });
}
