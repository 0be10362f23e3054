import type { Actor } from '../../../../../kernel/access/actor.js';
import type { Scope } from '../../../../../kernel/access/authority.js';
import type { CommandContext } from '../../../../../kernel/commands/command.js';
import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { type Outcome, accept, refuse } from '../../../../../kernel/errors/refusal.js';
import type { ProjectPlace } from '../../../../platform/iam/index.js';
import { type SkuTerms, vmProfileFor } from '../../domain/sku.js';
import type { AllocationServices } from '../../services.js';

/** Who asks, and in which transaction. */
export type Asking = Pick<CommandContext, 'tx' | 'actor'>;

export const CONCURRENCY_POLICY = 'allocation.max_concurrent_per_user';
/** Below the limit by this much, two concurrent requests cannot exceed it together: no lock is needed. */
const SAFE_DISTANCE = 32;

export interface RequestFacts {
  readonly sku: SkuTerms;
  readonly skuId: string;
  readonly regionId: string;
  readonly image: string;
  readonly liveOfRequester: number;
}

interface FactsRow {
  readonly [column: string]: unknown;
  readonly sku: (SkuTerms & { id: string; isActive: boolean }) | null;
  readonly region: { id: string; isActive: boolean } | null;
  readonly live: bigint;
}

const LIVE = `select count(*) from allocations.allocations
  where requested_by = $3 and state in ('requested', 'provisioning', 'active', 'releasing', 'release_failed')`;

const FACTS = `
  select (select json_build_object('id', s.id, 'isActive', s.is_active, 'name', s.name, 'resourceClass', s.resource_class,
      'schedulingUnit', s.scheduling_unit, 'billingUnit', s.billing_unit, 'capacityShape', s.capacity_shape,
      'allowedGpuCounts', s.allowed_gpu_counts, 'resourceProfile', s.resource_profile)
    from allocations.skus s where s.name = $1) as sku,
    (select json_build_object('id', r.id, 'isActive', r.is_active) from allocations.regions r where r.name = $2) as region,
    (${LIVE}) as live`;

/** Checks what is asked for against the catalogue: SKU, region, GPU count, image. */
export async function checkRequest(
  tx: Transaction,
  input: { sku: string; region: string; gpuCount: number; image?: string | undefined },
  requesterId: string,
): Promise<Outcome<RequestFacts>> {
  const [row] = await tx.prepared<FactsRow>('allocations.request_facts', FACTS, [input.sku, input.region, requesterId]);
  if (row?.sku == null) return refuse('NOT_FOUND', `There is no SKU "${input.sku}".`, { field: ['input', 'sku'] });
  const { id: skuId, isActive, ...sku } = row.sku;
  if (!isActive)
    return refuse('INVALID_STATE', `SKU ${sku.name} is not offered any more.`, { field: ['input', 'sku'] });
  if (row.region === null)
    return refuse('NOT_FOUND', `There is no region "${input.region}".`, { field: ['input', 'region'] });
  if (!row.region.isActive)
    return refuse('INVALID_STATE', `Region ${input.region} is closed.`, { field: ['input', 'region'] });
  if (!sku.allowedGpuCounts.includes(input.gpuCount)) {
    return refuse(
      'INVALID_INPUT',
      `${sku.name} comes with ${sku.allowedGpuCounts.join(', ')} GPUs, not ${input.gpuCount}.`,
      {
        field: ['input', 'gpuCount'],
        details: { allowedGpuCounts: sku.allowedGpuCounts },
      },
    );
  }
  const { images } = sku.resourceProfile;
  const image = input.image ?? images[0] ?? '';
  if (!images.includes(image)) {
    return refuse('INVALID_INPUT', `Image "${image}" is not offered with ${sku.name}.`, {
      field: ['input', 'image'],
      details: { images },
    });
  }
  if (sku.schedulingUnit !== 'node' && vmProfileFor(sku, input.gpuCount) === null) {
    return refuse('INVALID_INPUT', `${sku.name} has no VM size for ${input.gpuCount} GPUs.`, {
      field: ['input', 'gpuCount'],
    });
  }
  return accept({ sku, skuId, regionId: row.region.id, image, liveOfRequester: Number(row.live) });
}

export type PolicyInForce = Awaited<ReturnType<AllocationServices['iam']['policies']['value']>>;

/** What is in force about allocations in a project. */
export async function allocationPolicy(
  tx: Transaction,
  services: AllocationServices,
  scope: Scope,
): Promise<PolicyInForce> {
  return services.iam.policies.value(tx, CONCURRENCY_POLICY, scope);
}

/** Refuses with POLICY_DENIED when allocations are denied here, with LIMIT_REACHED when the requester has too many. */
export async function checkPolicy(
  context: Asking,
  policy: PolicyInForce,
  live: number,
): Promise<Outcome<Readonly<Record<string, string | number | boolean>>>> {
  if (policy.isDenied) {
    return refuse('POLICY_DENIED', 'A policy of this project or above forbids allocations.', {
      details: { policy: CONCURRENCY_POLICY, source: { level: policy.source.level, id: policy.source.id } },
    });
  }
  const limit = Number(policy.value);
  let count = live;
  if (count + SAFE_DISTANCE >= limit) {
    await context.tx.rows('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `allocations of ${context.actor.id}`,
    ]);
    const row = await context.tx.row<{ count: bigint }>(LIVE.replaceAll('$3', '$1'), [context.actor.id]);
    count = Number(row?.count ?? 0n);
  }
  if (count < limit) return accept({ [CONCURRENCY_POLICY]: limit });
  return refuse(
    'LIMIT_REACHED',
    `You have ${count} allocations, and ${limit} are allowed at once. Release one first.`,
    {
      details: { policy: CONCURRENCY_POLICY, limit, live: count },
    },
  );
}

/**
 * Public keys for the runtime. A key may be used by its owner, and by others only where its owner may see allocations of
 * this project too: nobody brings in an outsider's key.
 */
export async function resolveSshKeys(
  context: Asking,
  services: AllocationServices,
  project: ProjectPlace,
  ids: readonly string[],
): Promise<Outcome<string[]>> {
  if (ids.length === 0) return accept([]);
  const keys = new Map((await services.iam.directory.sshPublicKeys(context.tx, ids)).map((key) => [key.id, key]));
  const texts: string[] = [];
  for (const [index, id] of ids.entries()) {
    const key = keys.get(id);
    if (key === undefined || !(await mayUse(context, services, project, key.ownerId))) {
      return refuse('NOT_FOUND', `There is no SSH key ${id} that may be used in this project.`, {
        field: ['input', 'sshKeyIds', String(index)],
      });
    }
    texts.push(key.publicKey);
  }
  return accept(texts);
}

async function mayUse(
  context: Asking,
  services: AllocationServices,
  project: ProjectPlace,
  ownerId: string,
): Promise<boolean> {
  if (ownerId === context.actor.id || ownerId === project.projectId) return true;
  // A question about the owner, not an act of theirs: nothing is done in their name.
  const owner: Actor = {
    kind: 'human',
    id: ownerId,
    displayName: ownerId,
    organizationIds: [project.organizationId],
    assurance: 0,
  };
  const decision = await services.pipeline.authority.decide(owner, 'allocations.allocation.read', project.scope);
  return decision.isAllowed;
}
