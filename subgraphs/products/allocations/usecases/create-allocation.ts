import { z } from 'zod';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { ProjectPlace } from '../../../platform/iam/index.js';
import { allocationEvents } from '../domain/allocation-events.js';
import { unitsOf } from '../domain/sku.js';
import { type WhyPending, explainCapacity } from '../domain/why-pending.js';
import { type AllocationServices, secondsAfter } from '../services.js';
import { projectScope } from '../store/allocation-record.js';
import { type PlacementRequest, type Reservation, capacityFacts, reserve } from '../store/placement-store.js';
import { provisionTask } from './lifecycle/provision.js';
import { type AllocationDraft, insertPlaced, insertWaiting } from '../store/allocation-insert.js';
import { checkPolicy, checkRequest, resolveSshKeys } from './lifecycle/check-request.js';
import { holdMoney, holdQuota, priceTerms } from './lifecycle/hold.js';

export const allocationCreateInput = z.object({
  projectId: z.string(),
  sku: z.string().min(1).max(64),
  region: z.string().min(1).max(64),
  gpuCount: z.int().min(0).max(1024),
  image: z.string().min(1).max(128).optional(),
  sshKeyIds: z.array(z.string()).max(20, 'must name at most 20 keys').default([]),
  waitForCapacity: z.boolean().default(false),
  waitSeconds: z.int().min(1).max(86_400).default(3600),
  idempotencyKey,
});

type Input = z.output<typeof allocationCreateInput>;

/**
 * Reserves exact capacity, quota and money, and orders the runtime, all in one transaction. Refuses what is not allowed
 * (POLICY_DENIED, LIMIT_REACHED), not within quota (QUOTA_EXCEEDED), not covered (INSUFFICIENT_BALANCE,
 * BUDGET_EXCEEDED), without a price (PRICE_UNKNOWN) or not there now (CAPACITY_UNAVAILABLE, with `whyPending`).
 */
export function createCreateAllocation(services: AllocationServices) {
  return defineCommand({
    action: 'allocations.allocation.create',
    input: allocationCreateInput,
    scope: async (input) => (await services.iam.directory.project(input.projectId))?.scope ?? null,
    run: (context, input) => run(context, services, input),
  });
}

async function run(
  context: CommandContext,
  services: AllocationServices,
  input: Input,
): Promise<Outcome<{ id: string }>> {
  const project = await services.iam.directory.project(input.projectId);
  if (project === null || !project.isActive) {
    return refuse('INVALID_STATE', 'The project is archived: nothing new may start in it.', {
      field: ['input', 'projectId'],
    });
  }
  const checked = await checkRequest(context.tx, input, context.actor.id);
  if (!checked.ok) return checked;
  const policy = await checkPolicy(context, services, project.scope, checked.value.liveOfRequester);
  if (!policy.ok) return policy;
  const keys = await resolveSshKeys(context, services, project, input.sshKeyIds);
  if (!keys.ok) return keys;
  const terms = await priceTerms(context.tx, services, {
    organizationId: project.organizationId,
    sku: checked.value.sku,
  });
  if (!terms.ok) return terms;
  const { sku, skuId, regionId, image } = checked.value;
  const draft: AllocationDraft = {
    id: newId('alc'),
    project,
    requestedBy: context.actor.id,
    skuId,
    sku,
    regionId,
    gpuCount: input.gpuCount,
    image,
    sshKeyIds: input.sshKeyIds,
    sshPublicKeys: keys.value,
    terms: terms.value,
    policySnapshot: policy.value,
    correlationId: context.correlationId,
  };
  return place(context, services, draft, {
    waitSeconds: input.waitForCapacity ? input.waitSeconds : 0,
    units: unitsOf(sku, input.gpuCount),
  });
}

interface Wanted {
  readonly waitSeconds: number;
  readonly units: number | null;
}

/**
 * Everything else comes before the holds, though a hold that is refused is told first: every launch of an organization
 * waits for the same quota and account, so their locks are taken as late as can be. The order node, quota, money is the
 * order of every change that needs more than one of them.
 */
async function place(
  context: CommandContext,
  services: AllocationServices,
  draft: AllocationDraft,
  want: Wanted,
): Promise<Outcome<{ id: string }>> {
  const { skuId, regionId, image } = draft;
  const request: PlacementRequest = { skuId, regionId, units: want.units, image };
  const reservation = await reserve(context.tx, request, context.now);
  context.describe({ type: 'Allocation', id: draft.id }, { sku: draft.sku.name, gpuCount: draft.gpuCount });
  const whyPending =
    reservation === null ? explainCapacity(want.units, await capacityFacts(context.tx, request)) : null;
  if (reservation !== null) await provision(context, services, draft, reservation);
  else if (whyPending !== null && want.waitSeconds > 0) await wait(context, services, draft, { ...want, whyPending });
  const quota = await holdQuota(context.tx, services, draft, want.waitSeconds);
  if (!quota.ok) return quota;
  const money = await holdMoney(context.tx, services, draft, want.waitSeconds);
  if (!money.ok) return money;
  if (whyPending === null || want.waitSeconds > 0) return accept({ id: draft.id });
  return refuse('CAPACITY_UNAVAILABLE', `${whyPending.message} Try later, elsewhere, or wait for capacity.`, {
    details: { whyPending },
  });
}

async function provision(
  context: CommandContext,
  services: AllocationServices,
  draft: AllocationDraft,
  reservation: Reservation,
): Promise<void> {
  const deadlineAt = secondsAfter(context.now, services.timing.provisionSeconds);
  const task = await provisionTask(services, draft, reservation, { deadlineAt, now: context.now, fence: 1n });
  await insertPlaced(context.tx, draft, { reservation, task, now: context.now, deadlineAt });
  services.signer.announce(context.tx, reservation.nodeId);
  told(context, draft, 'requested');
  told(context, draft, 'provisioning');
}

async function wait(
  context: CommandContext,
  services: AllocationServices,
  draft: AllocationDraft,
  waiting: Wanted & { readonly whyPending: WhyPending },
): Promise<void> {
  await insertWaiting(context.tx, draft, {
    whyPending: waiting.whyPending,
    now: context.now,
    deadlineAt: secondsAfter(context.now, waiting.waitSeconds),
    nextPlacementAt: secondsAfter(context.now, services.timing.placementRetrySeconds),
  });
  told(context, draft, 'requested');
}

function told(context: CommandContext, draft: AllocationDraft, to: 'requested' | 'provisioning'): void {
  const project: ProjectPlace = draft.project;
  context.emit(allocationEvents[to], {
    subjectId: draft.id,
    scope: projectScope(project),
    data: {
      from: to === 'requested' ? null : 'requested',
      to,
      reason: null,
      skuName: draft.sku.name,
      gpuCount: draft.gpuCount,
    },
  });
}
