import type { Transaction } from '../../../kernel/database/transaction.js';
import { type Outcome, accept, refuse } from '../../../kernel/errors/refusal.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import type { Registry } from '../registry/index.js';
import type { QuotaHoldRequest, Quotas } from './contract.js';

interface HoldAnswer {
  readonly [column: string]: unknown;
  readonly outcome: 'held' | 'exceeded' | 'inactive' | 'unknown';
  readonly hold_id: string | null;
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
    const { dimension, amount } = request;
    if (this.#registry.quotaDimension(dimension) === null) {
      return refuse('NOT_REGISTERED', `"${dimension}" is not a registered quota dimension.`, {
        details: { dimension },
      });
    }
    if (amount < 0n) throw new Error(`a hold of ${amount} ${dimension} is negative`);
    const ids = [newId('qta'), newId('qta'), newId('qta'), newId('qta')];
    const [answer] = await tx.prepared<HoldAnswer>(
      'iam.quota.hold',
      'select * from iam.hold_quota($1, $2, $3, $4, $5, $6, $7, $8)',
      [
        newId('hld'),
        request.projectId,
        request.principalId,
        dimension,
        amount,
        request.reference,
        request.ttlSeconds,
        ids,
      ],
    );
    if (answer === undefined) throw new Error('iam.hold_quota did not answer');
    if (answer.outcome === 'held') return accept({ holdId: answer.hold_id ?? '' });
    if (answer.outcome === 'unknown') return refuse('NOT_FOUND', `There is no project ${request.projectId}.`);
    if (answer.outcome === 'inactive') {
      return refuse(
        'INVALID_STATE',
        'The project is archived, or its organization is suspended: nothing new may start in it.',
      );
    }
    return exceeded(request, answer);
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

/** Numbers travel as text: they may be larger than a double holds. */
function exceeded(request: QuotaHoldRequest, answer: HoldAnswer): Outcome<never> {
  const limit = answer.limit_amount ?? 0n;
  const used = answer.committed ?? 0n;
  const held = answer.held ?? 0n;
  const remaining = limit > used + held ? limit - used - held : 0n;
  const where = answer.level === 'principal' ? 'principal in this project' : answer.level;
  return refuse(
    'QUOTA_EXCEEDED',
    `The ${request.dimension} quota of the ${where} allows ${limit}; ${used} are used and ${held} held, so ${remaining} remain and ${request.amount} do not fit.`,
    {
      details: {
        dimension: request.dimension,
        scope: { level: answer.level, id: answer.scope_id },
        limit: limit.toString(),
        used: used.toString(),
        held: held.toString(),
        remaining: remaining.toString(),
        requested: request.amount.toString(),
      },
    },
  );
}
