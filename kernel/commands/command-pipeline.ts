import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import type { AuditRecord, Authority, Decision, Scope } from '../access/authority.js';
import type { Database, Isolation } from '../database/database.js';
import { isTransient, violatedConstraint } from '../database/database-errors.js';
import { UNSTORABLE_TEXT, findUnstorableText } from '../database/storable-text.js';
import type { Statement } from '../database/statement-batch.js';
import type { Transaction } from '../database/transaction.js';
import { PlatformError } from '../errors/platform-error.js';
import { type Refused, refuse, refuseAll } from '../errors/refusal.js';
import { emitEvent } from '../events/event-type.js';
import type { CommandMetrics } from '../telemetry/metrics.js';
import { inSpan } from '../telemetry/tracing.js';
import type { Command, CommandContext, CommandResult, Json } from './command.js';
import { type IdempotencyEntry, findStatement, idempotencyEntry, storeResult, storedResult } from './idempotency.js';

export interface Invocation {
  readonly actor: Actor;
  readonly correlationId: string;
}

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

interface Draft {
  target: { type: string; id: string } | null;
  metadata: Readonly<Record<string, unknown>>;
}

const ATTEMPTS = 4;

/** The one way for every change. See the design, "the command pipeline". */
export class CommandPipeline {
  readonly #database: Database;
  readonly #metrics: CommandMetrics;
  readonly #clock: () => Date;
  #authority: Authority | undefined;

  constructor(options: PipelineOptions) {
    this.#database = options.database;
    this.#metrics = options.metrics;
    this.#clock = options.clock ?? (() => new Date());
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
    const scope = await this.#scopeOf(command, parsed.data, actor);
    if (scope === null)
      return this.#refused(
        command.action,
        invocation,
        null,
        refuse('NOT_FOUND', 'The thing that the input names does not exist.'),
      );
    const entry = idempotencyEntry(actor.id, command.action, parsed.data);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(command, parsed.data, { invocation, scope, entry });
      } catch (error) {
        if (error instanceof Undo) return this.#refused(command.action, invocation, scope, error.refused);
        const isRace = violatedConstraint(error) === 'idempotency_pkey';
        if (attempt >= ATTEMPTS || !(isRace || isTransient(error))) throw error;
        await pause(attempt);
      }
    }
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

  async #attempt<Input extends z.ZodType, Result extends Json>(
    command: Command<Input, Result>,
    input: z.output<Input>,
    run: { invocation: Invocation; scope: Scope; entry: IdempotencyEntry | null },
  ): Promise<CommandResult<Result>> {
    const { invocation, scope, entry } = run;
    const lockMode = command.changesAccess === true ? 'exclusive' : 'shared';
    const preamble: Statement[] = [
      statementOf(this.authority.lockStatement(scope.organizationId, lockMode)),
      statementOf(this.authority.revisionStatement(scope.organizationId)),
    ];
    if (entry !== null) preamble.push(findStatement(entry));
    return this.#database.transaction(
      isolationFor(scope, invocation.actor),
      async (tx, [, revisionRows, storedRows]) => {
        const revision = revisionOf(revisionRows);
        await this.#authorize(command, invocation, scope, revision);
        const stored = storedResult(storedRows);
        if (stored !== null && entry !== null) return replay<Result>(stored, entry, revision);
        const draft: Draft = { target: null, metadata: {} };
        const outcome = await command.run(this.#context(tx, run, draft), input);
        if (!outcome.ok) throw new Undo(outcome);
        const auditId = this.authority.audit(
          tx,
          auditRecord(command.action, invocation, { scope, draft, result: 'success' }),
        );
        const receipt = { auditId, accessRevision: revision, isReplay: false };
        if (entry !== null) storeResult(tx, entry, outcome.value, receipt);
        return { ...outcome, receipt };
      },
      { preamble },
    );
  }

  #context(tx: Transaction, run: { invocation: Invocation; scope: Scope }, draft: Draft): CommandContext {
    const now = this.#clock();
    const { actor, correlationId } = run.invocation;
    return {
      tx,
      actor,
      scope: run.scope,
      correlationId,
      now,
      emit: (type, event) => void emitEvent(tx, type, event, { correlationId, actorId: actor.id, now }),
      describe: (target, metadata = {}) => {
        draft.target = target;
        draft.metadata = { ...draft.metadata, ...metadata };
      },
    };
  }

  async #authorize(command: Command, invocation: Invocation, scope: Scope, revision: string): Promise<void> {
    const { actor } = invocation;
    if (actor.kind === 'system' || command.isSelfService === true) return;
    const decision = await this.authority.decide(actor, command.action, scope, revision);
    if (decision.isAllowed) return;
    await this.auditDenial(decision, invocation);
    throw denial(decision);
  }

  /** Records a denial in a transaction of its own. Queries call it too. */
  async auditDenial(decision: Decision, invocation: Invocation): Promise<void> {
    await this.#database.transaction('system', async (tx) => {
      this.authority.audit(tx, {
        ...auditRecord(decision.permission, invocation, {
          scope: decision.scope,
          draft: { target: null, metadata: {} },
          result: 'denied',
        }),
        targetType: decision.scope.level,
        targetId: decision.scope.id,
        reasonCode: decision.reason,
        metadata: { decisionId: decision.id, revision: decision.revision },
      });
    });
  }

  async #refused(action: string, invocation: Invocation, scope: Scope | null, refused: Refused): Promise<Refused> {
    const record = auditRecord(action, invocation, {
      scope: scope ?? { level: 'platform', id: 'platform', organizationId: null },
      draft: { target: null, metadata: { reasons: refused.refusals.map((refusal) => refusal.code) } },
      result: 'failure',
    });
    const reasonCode = refused.refusals[0]?.code ?? null;
    await this.#database.transaction('system', async (tx) => {
      this.authority.audit(tx, { ...record, reasonCode });
    });
    return refused;
  }
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

function replay<Result extends Json>(
  stored: { inputHash: string; value: Json; auditId: string },
  entry: IdempotencyEntry,
  revision: string,
): CommandResult<Result> {
  if (stored.inputHash !== entry.inputHash) {
    throw new Undo(
      refuse(
        'IDEMPOTENCY_CONFLICT',
        'This idempotency key was used before with another input. Use a new key for a new request.',
        {
          field: ['input', 'idempotencyKey'],
        },
      ),
    );
  }
  return {
    ok: true,
    value: stored.value as Result,
    receipt: { auditId: stored.auditId, accessRevision: revision, isReplay: true },
  };
}

function auditRecord(
  action: string,
  invocation: Invocation,
  facts: { scope: Scope; draft: Draft; result: AuditRecord['result'] },
): AuditRecord {
  return {
    action,
    result: facts.result,
    actor: invocation.actor,
    scope: facts.scope,
    targetType: facts.draft.target?.type ?? null,
    targetId: facts.draft.target?.id ?? null,
    correlationId: invocation.correlationId,
    reasonCode: null,
    metadata: facts.draft.metadata,
  };
}

/** The error of a denial; hides the scope's existence from those who may not know of it. */
export function denial(decision: Decision): PlatformError {
  if (!decision.isScopeVisible) return new PlatformError('NOT_FOUND', 'The thing that was named does not exist.');
  const code = decision.reason === 'STEP_UP_REQUIRED' ? 'STEP_UP_REQUIRED' : 'FORBIDDEN';
  return new PlatformError(code, decision.message, {
    decision: {
      id: decision.id,
      permission: decision.permission,
      scope: { level: decision.scope.level, id: decision.scope.id },
      reason: decision.reason,
      revision: decision.revision,
      ...decision.explanation,
    },
  });
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
