import type { Scope } from '../../../../kernel/access/authority.js';
import type { ScopeLookup } from '../../../../kernel/commands/command.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { multiplyRatio } from '../../../../kernel/money/nano-units.js';
import type { Place } from '../../../platform/billing/index.js';
import type { AllocationState } from '../domain/allocation-lifecycle.js';
import type { SkuTerms } from '../domain/sku.js';
import type { WhyPending } from '../domain/why-pending.js';

/** The price as the allocation keeps it: money as decimal text, since JSON has no bigint. */
export interface PriceTerms {
  readonly id: string;
  readonly priceKey: string;
  readonly unit: string;
  readonly unitPriceNanos: string;
  /** Base quantities per unit: 3600 GPU-seconds are one GPU-hour. */
  readonly basePerUnit: string;
  readonly currency: string;
  readonly hash: string;
}

export interface AllocationRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string;
  readonly departmentId: string;
  readonly projectId: string;
  readonly requestedBy: string;
  readonly skuId: string;
  readonly skuName: string;
  readonly skuSnapshot: SkuTerms;
  readonly capacityShape: string;
  readonly regionId: string;
  readonly nodeId: string | null;
  readonly gpuCount: number;
  readonly units: number;
  readonly image: string;
  readonly sshKeyIds: string[];
  readonly sshPublicKeys: string[];
  readonly priceSnapshotId: string;
  readonly priceSnapshot: PriceTerms;
  readonly state: AllocationState;
  readonly stateReason: string | null;
  readonly stateChangedAt: Date;
  readonly stateDeadlineAt: Date | null;
  readonly fence: bigint;
  readonly releaseRequestedAt: Date | null;
  readonly forceReleaseReason: string | null;
  readonly connectionHost: string | null;
  readonly connectionPort: number | null;
  readonly connectionUser: string | null;
  readonly activeAt: Date | null;
  readonly releaseAcceptedAt: Date | null;
  readonly releasedAt: Date | null;
  readonly usageThrough: Date | null;
  readonly cleanupAttempts: number;
  readonly cleanupDeadlineAt: Date | null;
  readonly whyPending: WhyPending | null;
  readonly correlationId: string;
  readonly createdAt: Date;
  readonly version: number;
  readonly isCleanupBlocked: boolean;
}

export const ALLOCATION_COLUMNS = `a.id, a.organization_id as "organizationId", a.department_id as "departmentId",
  a.project_id as "projectId", a.requested_by as "requestedBy", a.sku_id as "skuId", a.sku_name as "skuName",
  a.sku_snapshot as "skuSnapshot", a.capacity_shape as "capacityShape", a.region_id as "regionId", a.node_id as "nodeId",
  a.gpu_count as "gpuCount", a.units, a.image, a.ssh_key_ids as "sshKeyIds", a.ssh_public_keys as "sshPublicKeys",
  a.price_snapshot_id as "priceSnapshotId", a.price_snapshot as "priceSnapshot", a.state, a.state_reason as "stateReason",
  a.state_changed_at as "stateChangedAt", a.state_deadline_at as "stateDeadlineAt", a.fence,
  a.release_requested_at as "releaseRequestedAt", a.force_release_reason as "forceReleaseReason",
  a.connection_host as "connectionHost", a.connection_port as "connectionPort", a.connection_user as "connectionUser",
  a.active_at as "activeAt", a.release_accepted_at as "releaseAcceptedAt", a.released_at as "releasedAt",
  a.usage_through as "usageThrough", a.cleanup_attempts as "cleanupAttempts", a.cleanup_deadline_at as "cleanupDeadlineAt",
  a.why_pending as "whyPending", a.correlation_id as "correlationId", a.created_at as "createdAt", a.version,
  (a.state = 'failed' and a.cleanup_deadline_at is null and exists (select from allocations.resource_claims c
    where c.allocation_id = a.id and c.released_at is null)) as "isCleanupBlocked"`;

/** Locks the allocation for a change; null when it does not exist or the transaction may not see it. */
export async function lockAllocation(tx: Transaction, id: string): Promise<AllocationRecord | null> {
  return tx.row<AllocationRecord>(
    `select ${ALLOCATION_COLUMNS} from allocations.allocations a where a.id = $1 for no key update`,
    [id],
  );
}

/** The project that an allocation belongs to, as the scope of a command on it. */
export async function allocationScope(lookup: ScopeLookup, id: string): Promise<Scope | null> {
  const row = await lookup.row<{ project_id: string; organization_id: string }>(
    'select project_id, organization_id from allocations.allocations where id = $1',
    [id],
  );
  return row === null ? null : projectScope({ projectId: row.project_id, organizationId: row.organization_id });
}

export function projectScope(place: { projectId: string; organizationId: string }): Scope {
  return { level: 'project', id: place.projectId, organizationId: place.organizationId };
}

export function placeOf(allocation: Place): Place {
  const { organizationId, departmentId, projectId } = allocation;
  return { organizationId, departmentId, projectId };
}

/** What a base quantity costs under the terms of the launch, in nano-units. */
export function costNanos(terms: PriceTerms, base: bigint): bigint {
  return multiplyRatio(base, BigInt(terms.unitPriceNanos), BigInt(terms.basePerUnit));
}
