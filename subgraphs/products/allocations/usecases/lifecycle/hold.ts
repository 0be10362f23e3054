import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { type Outcome, accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { type SkuTerms, baseQuantity } from '../../domain/sku.js';
import type { AllocationServices } from '../../services.js';
import { type PriceTerms, costNanos, placeOf } from '../../store/allocation-record.js';
import type { AllocationDraft } from '../../store/allocation-insert.js';
import { quotaDimensions } from './activate.js';

/** Slack beyond the deadlines, so that a hold never ends before the reconciler has acted. */
const SLACK_SECONDS = 300;

function ttlSeconds(services: AllocationServices, waitSeconds: number): number {
  return waitSeconds + services.timing.provisionSeconds + SLACK_SECONDS;
}

/** Freezes the price in force. Nothing runs without one, nor in a unit that the registry does not know. */
export async function priceTerms(
  tx: Transaction,
  services: AllocationServices,
  request: { organizationId: string; sku: SkuTerms },
): Promise<Outcome<PriceTerms>> {
  const unit = services.registry.usageUnit(request.sku.billingUnit);
  if (unit === null) return refuse('NOT_REGISTERED', `Usage unit ${request.sku.billingUnit} is not registered.`);
  const { organizationId } = request;
  const priced = await services.billing.prices.snapshot(tx, {
    priceKey: `sku:${request.sku.name}`,
    unit: unit.id,
    organizationId,
  });
  if (!priced.ok) return priced;
  const { unitPriceNanos, ...snapshot } = priced.value;
  return accept({ ...snapshot, unitPriceNanos: unitPriceNanos.toString(), basePerUnit: unit.basePerUnit.toString() });
}

export async function holdQuota(
  tx: Transaction,
  services: AllocationServices,
  draft: AllocationDraft,
  waitSeconds: number,
): Promise<Outcome<null>> {
  const held = await services.iam.quotas.holdAll(tx, {
    projectId: draft.project.projectId,
    principalId: draft.requestedBy,
    amounts: quotaDimensions(draft).map((dimension) => ({
      dimension,
      amount: dimension === 'gpus' ? BigInt(draft.gpuCount) : 1n,
    })),
    reference: draft.id,
    ttlSeconds: ttlSeconds(services, waitSeconds),
  });
  return held.ok ? accept(null) : held;
}

/** What the first usage window costs: a launch needs money for it, and the first recorded window settles the hold. */
export function firstWindowNanos(
  services: AllocationServices,
  request: { sku: SkuTerms; gpuCount: number; terms: PriceTerms },
): bigint {
  return costNanos(request.terms, baseQuantity(request.sku, request.gpuCount, services.timing.usageWindowSeconds));
}

export async function holdMoney(
  tx: Transaction,
  services: AllocationServices,
  draft: AllocationDraft,
  waitSeconds: number,
): Promise<Outcome<null>> {
  const held = await services.billing.holds.hold(tx, {
    place: placeOf(draft.project),
    amountNanos: firstWindowNanos(services, draft),
    reference: draft.id,
    reason: `first usage window of ${draft.sku.name}`,
    priceSnapshotId: draft.terms.id,
    // The first window is recorded only after it has passed.
    ttlSeconds: ttlSeconds(services, waitSeconds) + 2 * services.timing.usageWindowSeconds,
  });
  return held.ok ? accept(null) : held;
}
