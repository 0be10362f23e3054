import type { Transaction } from '../../../../kernel/database/transaction.js';
import type { Nanos } from '../../../../kernel/money/nano-units.js';
import type { Holds, Place, Usage, UsageEvent } from '../../../platform/billing/index.js';
import type { Spent, SpendRequest } from '../data-plane/spend-guard.js';
import { costOf, withinHold } from '../domain/token-price.js';
import { INPUT_UNIT, OUTPUT_UNIT } from '../usecases/require-prices.js';

export const PRODUCT_ID = 'token-factory';

/** A request whose money is held, as its row says. */
export interface SpendIntent {
  readonly requestId: string;
  readonly place: Place;
  readonly routeId: string;
  readonly actorId: string;
  readonly correlationId: string;
  readonly heldNanos: Nanos;
  readonly startedAt: Date;
}

export async function insertIntent(tx: Transaction, request: SpendRequest): Promise<void> {
  await tx.prepared(
    'token_factory.intent.insert',
    `insert into token_factory.spend_intents
       (id, organization_id, department_id, project_id, route_id, actor_id, correlation_id, held_nanos)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      request.requestId,
      request.place.organizationId,
      request.place.departmentId,
      request.place.projectId,
      request.routeId,
      request.actorId,
      request.correlationId,
      request.amountNanos,
    ],
  );
}

/**
 * Charges a request and gives the rest of its hold back, in one transaction. Removing the row is the fence: whoever
 * removes it settles, so that a request is settled once however many try. Answers the cost, or null when another did it.
 */
export async function closeIntent(
  tx: Transaction,
  billing: { holds: Holds; usage: Usage },
  intent: SpendIntent,
  spent: Spent | null,
  now: Date,
): Promise<Nanos | null> {
  const removed = await tx.prepared<{ id: string }>(
    'token_factory.intent.remove',
    'delete from token_factory.spend_intents where id = $1 returning id',
    [intent.requestId],
  );
  if (removed.length === 0) return null;
  const isHeld = intent.heldNanos > 0n;
  const count =
    spent === null ? { inputTokens: 0, outputTokens: 0 } : withinHold(spent.price, spent.count, intent.heldNanos);
  if (spent === null || (count.inputTokens === 0 && count.outputTokens === 0)) {
    if (isHeld) await billing.holds.void(tx, intent.requestId);
    return 0n;
  }
  let amountNanos = 0n;
  for (const part of usageParts(intent, spent, count, now)) {
    const recorded = await billing.usage.record(tx, part);
    // What ran must be charged: a refusal here is a fault of the deployment, kept and tried again.
    if (!recorded.ok)
      throw new Error(
        `usage of ${intent.requestId} was refused: ${recorded.refusals[0]?.code ?? ''} ${recorded.refusals[0]?.message ?? ''}`,
      );
    amountNanos += recorded.value.amountNanos;
  }
  if (isHeld) {
    const settled = await billing.holds.settle(tx, { reference: intent.requestId, amountNanos });
    // A hold that expired gave its money back; the usage then was posted to the free balance by itself.
    if (!settled.ok && settled.refusals[0]?.code === 'INVALID_INPUT') {
      throw new Error(`settling ${intent.requestId} was refused: ${settled.refusals[0]?.message ?? ''}`);
    }
  }
  return costOf(spent.price, count);
}

function usageParts(
  intent: SpendIntent,
  spent: Spent,
  count: { inputTokens: number; outputTokens: number },
  now: Date,
): UsageEvent[] {
  const part = (suffix: string, unit: string, tokens: number, priceSnapshotId: string): UsageEvent => ({
    id: `${intent.requestId}:${suffix}`,
    source: 'token_factory',
    productId: PRODUCT_ID,
    place: intent.place,
    actorId: intent.actorId,
    unit,
    baseQuantity: BigInt(tokens),
    windowStart: intent.startedAt,
    windowEnd: now,
    priceSnapshotId,
    resourceType: 'ModelRoute',
    resourceId: intent.routeId,
    correlationId: intent.correlationId,
    metadata: { model: spent.modelSlug, requestId: intent.requestId },
    ...(intent.heldNanos > 0n ? { holdReference: intent.requestId } : {}),
  });
  const parts: UsageEvent[] = [];
  if (count.inputTokens > 0) parts.push(part('input', INPUT_UNIT, count.inputTokens, spent.price.inputPriceId));
  if (count.outputTokens > 0 && spent.price.outputPriceId !== null)
    parts.push(part('output', OUTPUT_UNIT, count.outputTokens, spent.price.outputPriceId));
  return parts;
}
