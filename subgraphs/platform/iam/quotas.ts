import type { Transaction } from '../../../kernel/database/transaction.js';
import { type Outcome, type Refused, accept, refuse } from '../../../kernel/errors/refusal.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import type { Registry } from '../registry/index.js';
import type { QuotaHoldRequest, QuotaHoldsRequest, Quotas } from './contract.js';

interface HoldAnswer {
  readonly [column: string]: unknown;
  readonly outcome: 'held' | 'exceeded' | 'inactive' | 'unknown';
  readonly hold_ids: string[] | null;
  readonly dimension: string | null;
  readonly amount: bigint | null;
  readonly level: string | null;
  readonly scope_id: string | null;
  readonly limit_amount: bigint | null;
  readonly committed: bigint | null;
  readonly held: bigint | null;
}

/**
 * Quota over the tree in the caller's transaction: one statement a call, exact under concurrency, because each takes the
 * organization's quota lock first and keeps it until the commit. Hold as late in a transaction as possible.
 */
export class QuotaTree implements Quotas {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  async hold(tx: Transaction, request: QuotaHoldRequest): Promise<Outcome<{ holdId: string }>> {
    const { dimension, amount, ...more } = request;
    const held = await this.holdAll(tx, { ...more, amounts: [{ dimension, amount }] });
    return held.ok ? accept({ holdId: held.value.holdIds[0] ?? '' }) : held;
  }

  async holdAll(tx: Transaction, request: QuotaHoldsRequest): Promise<Outcome<{ holdIds: readonly string[] }>> {
    const { amounts, projectId } = request;
    const unregistered = this.#unregistered(request);
    if (unregistered !== null) return unregistered;
    const [answer] = await tx.prepared<HoldAnswer>(
      'iam.quota.hold',
      'select * from iam.hold_quotas($1, $2, $3, $4, $5, $6, $7, $8)',
      [
        projectId,
        request.principalId,
        request.reference,
        request.ttlSeconds,
        amounts.map(({ dimension }) => dimension),
        amounts.map(({ amount }) => amount),
        amounts.map(() => newId('hld')),
        amounts.flatMap(() => [newId('qta'), newId('qta'), newId('qta'), newId('qta')]),
      ],
    );
    if (answer === undefined) throw new Error('iam.hold_quotas did not answer');
    if (answer.outcome === 'held') return accept({ holdIds: answer.hold_ids ?? [] });
    if (answer.outcome === 'unknown') return refuse('NOT_FOUND', `There is no project ${projectId}.`);
    if (answer.outcome === 'inactive') {
      return refuse(
        'INVALID_STATE',
        'The project is archived, or its organization is suspended: nothing new may start in it.',
      );
    }
    return exceeded(answer);
  }

  #unregistered({ amounts }: QuotaHoldsRequest): Refused | null {
    for (const { dimension, amount } of amounts) {
      if (amount < 0n) throw new Error(`a hold of ${amount} ${dimension} is negative`);
      if (this.#registry.quotaDimension(dimension) === null) {
        return refuse('NOT_REGISTERED', `"${dimension}" is not a registered quota dimension.`, {
          details: { dimension },
        });
      }
    }
    return null;
  }

  async holdTogether(
    tx: Transaction,
    requests: readonly QuotaHoldsRequest[],
  ): Promise<readonly Outcome<{ holdIds: readonly string[] }>[]> {
    const holdIds = requests.map(({ amounts }) => amounts.map(() => newId('hld')));
    const asked = requests.flatMap((request, at) => (this.#unregistered(request) === null ? [{ request, at }] : []));
    const held = asked.length < 2 ? new Set<string>() : await holdMany(tx, asked, holdIds);
    const outcomes: Outcome<{ holdIds: readonly string[] }>[] = [];
    // What could not be held in one go, in turn: each of them is told exactly what stands against it.
    for (const [at, request] of requests.entries()) {
      const ids = holdIds[at] ?? [];
      outcomes.push(held.has(request.reference) ? accept({ holdIds: ids }) : await this.holdAll(tx, request));
    }
    return outcomes;
  }

  async commit(tx: Transaction, reference: string, dimension: string): Promise<Outcome<null>> {
    const [answer] = await tx.prepared<{ outcome: string }>(
      'iam.quota.commit',
      'select iam.commit_quota($1, $2) as outcome',
      [reference, dimension],
    );
    if (answer?.outcome === 'committed') return accept(null);
    return refuse('EXPIRED', `The hold of ${dimension} for ${reference} has expired or was given back; hold again.`, {
      details: { reference, dimension },
    });
  }

  async release(tx: Transaction, reference: string): Promise<void> {
    await tx.prepared('iam.quota.release', 'select iam.release_quota($1)', [reference]);
  }
}

/** The references that were held. */
async function holdMany(
  tx: Transaction,
  asked: readonly { readonly request: QuotaHoldsRequest; readonly at: number }[],
  holdIds: readonly (readonly string[])[],
): Promise<ReadonlySet<string>> {
  const requests = asked.map(({ request }) => request);
  const amounts = requests.flatMap((request, index) => request.amounts.map((amount) => ({ ...amount, index })));
  const [answer] = await tx.prepared<{ held: string[] }>(
    'iam.quota.hold_together',
    'select iam.hold_quotas_together($1, $2, $3, $4, $5, $6, $7, $8) as held',
    [
      requests.map(({ projectId }) => projectId),
      requests.map(({ principalId }) => principalId),
      requests.map(({ reference }) => reference),
      requests.map(({ ttlSeconds }) => ttlSeconds),
      amounts.map(({ index }) => index + 1),
      amounts.map(({ dimension }) => dimension),
      amounts.map(({ amount }) => amount),
      asked.flatMap(({ at }) => holdIds[at] ?? []),
    ],
  );
  return new Set(answer?.held);
}

/** Numbers travel as text: they may be larger than a double holds. */
function exceeded(answer: HoldAnswer): Outcome<never> {
  const { dimension } = answer;
  const amount = answer.amount ?? 0n;
  const limit = answer.limit_amount ?? 0n;
  const used = answer.committed ?? 0n;
  const held = answer.held ?? 0n;
  const remaining = limit > used + held ? limit - used - held : 0n;
  const where = answer.level === 'principal' ? 'principal in this project' : answer.level;
  return refuse(
    'QUOTA_EXCEEDED',
    `The ${dimension} quota of the ${where} allows ${limit}; ${used} are used and ${held} held, so ${remaining} remain and ${amount} do not fit.`,
    {
      details: {
        dimension,
        scope: { level: answer.level, id: answer.scope_id },
        limit: limit.toString(),
        used: used.toString(),
        held: held.toString(),
        remaining: remaining.toString(),
        requested: amount.toString(),
      },
    },
  );
}
