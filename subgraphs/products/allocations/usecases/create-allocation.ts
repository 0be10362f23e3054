import { z } from 'zod';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { ProjectPlace } from '../../../platform/iam/index.js';
import { allocationEvents } from '../domain/allocation-events.js';
import { unitsOf } from '../domain/sku.js';
import { explainCapacity } from '../domain/why-pending.js';
import { type AllocationServices, secondsAfter } from '../services.js';
import { projectScope } from '../store/allocation-record.js';
import { type PlacementRequest, capacityFacts, reserve } from '../store/placement-store.js';
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
  const waitSeconds = input.waitForCapacity ? input.waitSeconds : 0;
  const quota = await holdQuota(context.tx, services, draft, waitSeconds);
  if (!quota.ok) return quota;
  const money = await holdMoney(context.tx, services, draft, waitSeconds);
  if (!money.ok) return money;
  return place(context, services, draft, { waitSeconds, units: unitsOf(sku, input.gpuCount) });
}

async function place(
  context: CommandContext,
  services: AllocationServices,
  draft: AllocationDraft,
  want: { waitSeconds: number; units: number | null },
): Promise<Outcome<{ id: string }>> {
  const request: PlacementRequest = {
    skuId: draft.skuId,
    regionId: draft.regionId,
    units: want.units,
    image: draft.image,
  };
  const reservation = await reserve(context.tx, request, context.now);
  context.describe({ type: 'Allocation', id: draft.id }, { sku: draft.sku.name, gpuCount: draft.gpuCount });
  if (reservation === null) {
    const whyPending = explainCapacity(want.units, await capacityFacts(context.tx, request));
    if (want.waitSeconds === 0) {
      return refuse('CAPACITY_UNAVAILABLE', `${whyPending.message} Try later, elsewhere, or wait for capacity.`, {
        details: { whyPending },
      });
    }
    await insertWaiting(context.tx, draft, {
      whyPending,
      now: context.now,
      deadlineAt: secondsAfter(context.now, want.waitSeconds),
      nextPlacementAt: secondsAfter(context.now, services.timing.placementRetrySeconds),
    });
    told(context, draft, 'requested');
    return accept({ id: draft.id });
  }
  const deadlineAt = secondsAfter(context.now, services.timing.provisionSeconds);
  const task = await provisionTask(services, draft, reservation, { deadlineAt, now: context.now, fence: 1n });
  await insertPlaced(context.tx, draft, { reservation, task, now: context.now, deadlineAt });
  services.signer.announce(context.tx, reservation.nodeId);
  told(context, draft, 'requested');
  told(context, draft, 'provisioning');
  return accept({ id: draft.id });
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
