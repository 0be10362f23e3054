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
import { allocationPolicy, checkPolicy, checkRequest, resolveSshKeys } from './lifecycle/check-request.js';
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
  const [checked, inForce] = await Promise.all([
    checkRequest(context.tx, input, context.actor.id),
    allocationPolicy(context.tx, services, project.scope),
  ]);
  if (!checked.ok) return checked;
  const policy = await checkPolicy(context, inForce, checked.value.liveOfRequester);
  if (!policy.ok) return policy;
  const keys = await resolveSshKeys(context, services, project, input.sshKeyIds);
  if (!keys.ok) return keys;
  const { sku, skuId, regionId, image } = checked.value;
  const request: PlacementRequest = { skuId, regionId, units: unitsOf(sku, input.gpuCount), image };
  const [terms, reservation] = await Promise.all([
    priceTerms(context.tx, services, { organizationId: project.organizationId, sku }),
    reserve(context.tx, request, context.now),
  ]);
  if (!terms.ok) return terms;
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
    request,
    reservation,
  });
}

interface Wanted {
  readonly waitSeconds: number;
  readonly request: PlacementRequest;
  /** What was taken for it; null when nothing fits. */
  readonly reservation: Reservation | null;
}

/**
 * Everything else comes before the holds, though a hold that is refused is told first: every launch of an organization
 * waits for the same quota and account, so their locks are taken as late as can be. The order node, quota, money is the
 * order of every change that needs more than one of them. What is asked for at once travels together, in that order.
 */
async function place(
  context: CommandContext,
  services: AllocationServices,
  draft: AllocationDraft,
  { waitSeconds, request, reservation }: Wanted,
): Promise<Outcome<{ id: string }>> {
  context.describe({ type: 'Allocation', id: draft.id }, { sku: draft.sku.name, gpuCount: draft.gpuCount });
  const whyPending =
    reservation === null ? explainCapacity(request.units, await capacityFacts(context.tx, request)) : null;
  const task = reservation === null ? null : await orderRuntime(context, services, draft, reservation);
  const [, quota, money] = await Promise.all([
    task === null ? wait(context, services, draft, { waitSeconds, whyPending }) : insertPlaced(context.tx, draft, task),
    holdQuota(context.tx, services, draft, waitSeconds),
    holdMoney(context.tx, services, draft, waitSeconds),
  ]);
  if (!quota.ok) return quota;
  if (!money.ok) return money;
  if (whyPending === null || waitSeconds > 0) return accept({ id: draft.id });
  return refuse('CAPACITY_UNAVAILABLE', `${whyPending.message} Try later, elsewhere, or wait for capacity.`, {
    details: { whyPending },
  });
}

/** The signed order for the node, ready to be stored with the allocation. */
async function orderRuntime(
  context: CommandContext,
  services: AllocationServices,
  draft: AllocationDraft,
  reservation: Reservation,
): Promise<Parameters<typeof insertPlaced>[2]> {
  const { now } = context;
  const deadlineAt = secondsAfter(now, services.timing.provisionSeconds);
  const task = await provisionTask(services, draft, reservation, { deadlineAt, now, fence: 1n });
  services.signer.announce(context.tx, reservation.nodeId);
  told(context, draft, 'requested');
  told(context, draft, 'provisioning');
  return { reservation, task, now, deadlineAt };
}

/** Lets the allocation wait, if it may. */
async function wait(
  context: CommandContext,
  services: AllocationServices,
  draft: AllocationDraft,
  { waitSeconds, whyPending }: { readonly waitSeconds: number; readonly whyPending: WhyPending | null },
): Promise<void> {
  if (whyPending === null || waitSeconds === 0) return;
  told(context, draft, 'requested');
  await insertWaiting(context.tx, draft, {
    whyPending,
    now: context.now,
    deadlineAt: secondsAfter(context.now, waitSeconds),
    nextPlacementAt: secondsAfter(context.now, services.timing.placementRetrySeconds),
  });
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
