import type { z } from 'zod';
import type { Authority, Decision } from '../access/authority.js';
import type { Database } from '../database/database.js';
import { sqlState } from '../database/database-errors.js';
import type { Statement } from '../database/statement-batch.js';
import type { OutboxRow, Transaction } from '../database/transaction.js';
import { isPlatformError } from '../errors/platform-error.js';
import type { Refused } from '../errors/refusal.js';
import { type CommandCall, contextOf } from './command-call.js';
import type { CommandResult, GroupMember, Json, RunTogether } from './command.js';
import { type Draft, auditRecord } from './command-records.js';
import { type KeyedResult, findStatement, nameOf, replayOf, storeResults, storedResults } from './idempotency.js';

/** What the transaction of a group says of one call. */
export type Verdict<Result extends Json> =
  | { readonly kind: 'answered'; readonly result: CommandResult<Result> }
  | { readonly kind: 'refused'; readonly outcome: Refused }
  | { readonly kind: 'denied'; readonly decision: Decision }
  /** Not decided: it has to be, by itself. */
  | { readonly kind: 'undecided' };

export type GroupEnd<Result extends Json> =
  | { readonly kind: 'committed'; readonly verdicts: readonly Verdict<Result>[] }
  /** Nothing of it is in the database. */
  | { readonly kind: 'undone'; readonly error: unknown }
  /** There was no transaction to begin with. */
  | { readonly kind: 'unreachable'; readonly error: unknown }
  /** The connection was lost while COMMIT was under way. */
  | { readonly kind: 'unknown'; readonly error: unknown };

export interface GroupParts {
  readonly database: Database;
  readonly authority: Authority;
  readonly now: Date;
}

/** A member that was let in, with what it would send and say if it is accepted. */
interface Entrant<Input extends z.ZodType> {
  readonly index: number;
  readonly revision: string;
  readonly sent: OutboxRow[];
  readonly draft: Draft;
  readonly member: GroupMember<Input>;
}

/**
 * Decides calls of one command in one transaction: the access locks of all organizations, the revisions
 * and the stored results each in one statement; one decision for each call; one run for those that are let in. Nothing is
 * known to anybody before the commit. Never throws.
 */
export async function decideTogether<Input extends z.ZodType, Result extends Json>(
  parts: GroupParts,
  runTogether: RunTogether<Input, Result>,
  calls: readonly CommandCall<Input, Result>[],
): Promise<GroupEnd<Result>> {
  const organizationIds = [...new Set(calls.map(({ scope }) => scope.organizationId ?? ''))].sort();
  const progress: { stage: 'opening' | 'working' | 'committing' } = { stage: 'opening' };
  try {
    const verdicts = await parts.database.transaction(
      organizationIds,
      async (tx, [lockRows = [], revisionRows = [], storedRows = []]) => {
        progress.stage = 'working';
        const group = new Group(parts, tx, calls);
        await group.letIn({ lockRows, revisionRows, storedRows });
        const decided = await group.run(runTogether);
        progress.stage = 'committing';
        return decided;
      },
      { preamble: preambleOf(parts.authority, organizationIds, calls) },
    );
    return { kind: 'committed', verdicts };
  } catch (error) {
    const isUnavailable = isPlatformError(error) && error.code === 'UNAVAILABLE';
    if (progress.stage === 'opening' && isUnavailable) return { kind: 'unreachable', error };
    // What the server answers is that nothing was committed; that it is going down, or silence, says nothing.
    const isAnswered = sqlState(error)?.startsWith('57P') === false;
    const isUnknown = progress.stage === 'committing' && isUnavailable && !isAnswered;
    return { kind: isUnknown ? 'unknown' : 'undone', error };
  }
}

function preambleOf(
  authority: Authority,
  organizationIds: readonly string[],
  calls: readonly CommandCall[],
): Statement[] {
  const entries = calls.flatMap(({ entry }) => entry ?? []);
  const preamble = [
    authority.lockTogetherStatement(organizationIds),
    authority.revisionsStatement(organizationIds),
  ].map((statement) => (typeof statement === 'string' ? { text: statement } : statement));
  return entries.length === 0 ? preamble : [...preamble, findStatement(entries)];
}

type PreambleRow = Record<string, unknown>;

class Group<Input extends z.ZodType, Result extends Json> {
  readonly #parts: GroupParts;
  readonly #tx: Transaction;
  readonly #calls: readonly CommandCall<Input, Result>[];
  readonly #verdicts: Verdict<Result>[];
  readonly #entrants: Entrant<Input>[] = [];

  constructor(parts: GroupParts, tx: Transaction, calls: readonly CommandCall<Input, Result>[]) {
    this.#parts = parts;
    this.#tx = tx;
    this.#calls = calls;
    this.#verdicts = calls.map(() => ({ kind: 'undecided' }));
  }

  /** Authorizes each call, answers replays, and makes members of the rest; leaves out those whose lock others have. */
  async letIn(
    rows: Readonly<Record<'lockRows' | 'revisionRows' | 'storedRows', readonly PreambleRow[]>>,
  ): Promise<void> {
    const locked = new Set(rows.lockRows.flatMap((row) => (row['is_locked'] === true ? [row['organization_id']] : [])));
    const revisions = new Map(rows.revisionRows.map((row) => [row['organization_id'], String(row['revision'])]));
    const stored = storedResults(rows.storedRows);
    for (const [index, call] of this.#calls.entries()) {
      const { scope, entry, input } = call;
      if (!locked.has(scope.organizationId)) continue;
      const revision = revisions.get(scope.organizationId) ?? '0';
      const decision = await this.#denialOf(call, revision);
      const known = entry === null ? undefined : stored.get(nameOf(entry));
      if (decision !== null) {
        this.#verdicts[index] = { kind: 'denied', decision };
      } else if (known !== undefined && entry !== null) {
        const replay = replayOf(known, entry, revision);
        this.#verdicts[index] = replay.ok
          ? { kind: 'answered', result: replay as CommandResult<Result> }
          : { kind: 'refused', outcome: replay };
      } else {
        const sent: OutboxRow[] = [];
        const draft: Draft = { target: null, metadata: {} };
        const outbox = { send: (row: OutboxRow) => void sent.push(row) };
        const context = contextOf(call, { tx: this.#tx, outbox, draft, now: this.#parts.now });
        this.#entrants.push({ index, revision, sent, draft, member: { context, input } });
      }
    }
  }

  /** The decision when it is no, else null. */
  async #denialOf(call: CommandCall<Input, Result>, revision: string): Promise<Decision | null> {
    const { command, invocation, scope } = call;
    if (invocation.actor.kind === 'system' || command.isSelfService === true) return null;
    const decision = await this.#parts.authority.decide(invocation.actor, command.action, scope, revision);
    return decision.isAllowed ? null : decision;
  }

  /** Runs the members, and records those that are accepted. */
  async run(runTogether: RunTogether<Input, Result>): Promise<readonly Verdict<Result>[]> {
    const entrants = this.#entrants;
    if (entrants.length === 0) return this.#verdicts;
    const outcomes = await runTogether(
      this.#tx,
      entrants.map(({ member }) => member),
    );
    if (outcomes.length !== entrants.length)
      throw new Error('a group command answered more or fewer than it was asked');
    const keyed: KeyedResult[] = [];
    for (const [at, { index, revision, sent, draft }] of entrants.entries()) {
      const outcome = outcomes[at];
      const call = this.#calls[index];
      if (outcome == null || call === undefined) continue;
      if (!outcome.ok) {
        this.#verdicts[index] = { kind: 'refused', outcome };
        continue;
      }
      const { command, invocation, scope, entry } = call;
      for (const row of sent) this.#tx.send(row);
      const record = auditRecord(command.action, invocation, { scope, draft, result: 'success' });
      const auditId = this.#parts.authority.audit(this.#tx, record);
      const receipt = { auditId, accessRevision: revision, isReplay: false };
      if (entry !== null) keyed.push({ entry, value: outcome.value, auditId });
      this.#verdicts[index] = { kind: 'answered', result: { ...outcome, receipt } };
    }
    if (keyed.length > 0) storeResults(this.#tx, keyed);
    return this.#verdicts;
  }
}
