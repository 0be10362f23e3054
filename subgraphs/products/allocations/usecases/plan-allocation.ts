import type { Actor } from '../../../../kernel/access/actor.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type Outcome, type Refusal, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { ProjectPlace } from '../../../platform/iam/index.js';
import { type SkuTerms, unitsOf } from '../domain/sku.js';
import { type PendingReason, type WhyPending, explainCapacity } from '../domain/why-pending.js';
import type { AllocationServices } from '../services.js';
import type { AllocationDraft } from '../store/allocation-insert.js';
import type { PriceTerms } from '../store/allocation-record.js';
import { capacityFacts, plan } from '../store/placement-store.js';
import { CONCURRENCY_POLICY, checkPolicies } from './lifecycle/check-policy.js';
import { RequestBook, type RequestFacts } from './lifecycle/check-request.js';
import { firstWindowNanos, holdMoney, holdQuota, priceTerms } from './lifecycle/hold.js';

export interface AllocationPlanAnswer {
  readonly isPossible: boolean;
  /** What stands against it, all at once; null when nothing does. */
  readonly whyPending: WhyPending | null;
  readonly terms: PriceTerms;
  /** Money that must be available at the launch. */
  readonly heldNanos: bigint;
}

/** Undoes the trial; never leaves this file. */
class EndOfTrial extends Error {
  constructor(readonly answer: Outcome<AllocationPlanAnswer>) {
    super('a plan changes nothing');
  }
}

const REASONS: Readonly<Record<string, PendingReason>> = {
  QUOTA_EXCEEDED: 'QUOTA',
  INSUFFICIENT_BALANCE: 'BALANCE',
  BUDGET_EXCEEDED: 'BALANCE',
  POLICY_DENIED: 'POLICY',
  LIMIT_REACHED: 'POLICY',
};

/**
 * Answers what `allocationCreate` would answer, before anything is spent: the same checks and holds, in a transaction
 * that is always undone. Allowed, quota, balance and capacity are told apart and told together (spec section 2).
 */
export async function planAllocation(
  services: AllocationServices,
  actor: Actor,
  project: ProjectPlace,
  input: { sku: string; region: string; gpuCount: number; image?: string | undefined },
): Promise<Outcome<AllocationPlanAnswer>> {
  try {
    return await services.database.transaction([project.organizationId], async (tx) => {
      throw new EndOfTrial(await trial(services, { tx, actor, project }, input));
    });
  } catch (error) {
    if (error instanceof EndOfTrial) return error.answer;
    throw error;
  }
}

async function trial(
  services: AllocationServices,
  asking: { tx: Transaction; actor: Actor; project: ProjectPlace },
  input: { sku: string; region: string; gpuCount: number; image?: string | undefined },
): Promise<Outcome<AllocationPlanAnswer>> {
  const { tx, actor, project } = asking;
  const requester = { requesterId: actor.id, organizationId: project.organizationId };
  const book = await RequestBook.read(tx, [{ ...input, ...requester }]);
  const checked = book.check(input);
  if (!checked.ok) return checked;
  const { sku, skuId, regionId, image } = checked.value;
  const [terms] = await priceTerms(tx, services, [{ organizationId: project.organizationId, sku }]);
  if (terms?.ok !== true) return terms ?? refuse('PRICE_UNKNOWN', `There is no price for ${sku.name}.`);
  const draft = trialDraft(asking, { facts: checked.value, terms: terms.value, gpuCount: input.gpuCount });
  const causes: WhyPending[] = [];
  const note = (outcomes: readonly (Outcome<unknown> | null)[]): void => {
    for (const outcome of outcomes) if (outcome?.ok === false) causes.push(...outcome.refusals.map(toCause));
  };
  const policy = await services.iam.policies.value(tx, CONCURRENCY_POLICY, project.scope);
  note(await checkPolicies(tx, [{ ...requester, policy, live: book.live[0] ?? 0 }]));
  const toHold = [{ draft, waitSeconds: 0 }];
  note(await holdQuota(tx, services, toHold));
  note(await holdMoney(tx, services, toHold));
  const units = unitsOf(sku, input.gpuCount);
  const request = { skuId, regionId, units, image };
  if ((await plan(tx, request)).length === 0) causes.push(explainCapacity(units, await capacityFacts(tx, request)));
  const whyPending = together(causes);
  return accept({
    isPossible: whyPending === null,
    whyPending,
    terms: terms.value,
    heldNanos: firstWindowNanos(services, { sku, gpuCount: input.gpuCount, terms: terms.value }),
  });
}

function trialDraft(
  asking: { actor: Actor; project: ProjectPlace },
  trialOf: { facts: RequestFacts & { sku: SkuTerms }; terms: PriceTerms; gpuCount: number },
): AllocationDraft {
  const { facts, terms, gpuCount } = trialOf;
  return {
    id: newId('alc'),
    project: asking.project,
    requestedBy: asking.actor.id,
    skuId: facts.skuId,
    sku: facts.sku,
    regionId: facts.regionId,
    gpuCount,
    image: facts.image,
    sshKeyIds: [],
    sshPublicKeys: [],
    terms,
    policySnapshot: {},
    correlationId: '',
  };
}

function toCause(refusal: Refusal): WhyPending {
  const reason = REASONS[refusal.code] ?? 'POLICY';
  return { reason, message: refusal.message, nodes: null, units: null, causes: [] };
}

function together(causes: readonly WhyPending[]): WhyPending | null {
  const [first] = causes;
  if (first === undefined) return null;
  return causes.length === 1 ? first : { ...first, causes: [...first.causes, ...causes.slice(1)] };
}
