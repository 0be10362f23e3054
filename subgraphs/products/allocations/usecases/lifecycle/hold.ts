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

/** Freezes the prices in force. Nothing runs without one, nor in a unit that the registry does not know. */
export async function priceTerms(
  tx: Transaction,
  services: AllocationServices,
  requests: readonly { readonly organizationId: string; readonly sku: SkuTerms }[],
): Promise<Outcome<PriceTerms>[]> {
  const units = requests.map(({ sku }) => services.registry.usageUnit(sku.billingUnit));
  const prices = await services.billing.prices.snapshots(
    tx,
    requests.map(({ organizationId, sku }) => ({ priceKey: `sku:${sku.name}`, unit: sku.billingUnit, organizationId })),
  );
  return requests.map(({ sku }, at) => {
    const [unit, priced] = [units[at] ?? null, prices[at]];
    if (unit === null) return refuse('NOT_REGISTERED', `Usage unit ${sku.billingUnit} is not registered.`);
    if (priced === undefined) throw new Error('billing answered fewer prices than it was asked for');
    if (!priced.ok) return priced;
    const { unitPriceNanos, ...snapshot } = priced.value;
    return accept({ ...snapshot, unitPriceNanos: unitPriceNanos.toString(), basePerUnit: unit.basePerUnit.toString() });
  });
}

/** What is to be held, and for how long beyond the deadlines of the launch: it may wait for capacity first. */
export interface ToHold {
  readonly draft: AllocationDraft;
  readonly waitSeconds: number;
}

export async function holdQuota(
  tx: Transaction,
  services: AllocationServices,
  launches: readonly ToHold[],
): Promise<readonly Outcome<unknown>[]> {
  return services.iam.quotas.holdTogether(
    tx,
    launches.map(({ draft, waitSeconds }) => ({
      projectId: draft.project.projectId,
      principalId: draft.requestedBy,
      amounts: quotaDimensions(draft).map((dimension) => ({
        dimension,
        amount: dimension === 'gpus' ? BigInt(draft.gpuCount) : 1n,
      })),
      reference: draft.id,
      ttlSeconds: ttlSeconds(services, waitSeconds),
    })),
  );
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
  launches: readonly ToHold[],
): Promise<readonly Outcome<unknown>[]> {
  return services.billing.holds.holdTogether(
    tx,
    launches.map(({ draft, waitSeconds }) => ({
      place: placeOf(draft.project),
      amountNanos: firstWindowNanos(services, draft),
      reference: draft.id,
      reason: `first usage window of ${draft.sku.name}`,
      priceSnapshotId: draft.terms.id,
      // The first window is recorded only after it has passed.
      ttlSeconds: ttlSeconds(services, waitSeconds) + 2 * services.timing.usageWindowSeconds,
    })),
  );
}
