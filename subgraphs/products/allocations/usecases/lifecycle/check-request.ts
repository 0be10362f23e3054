import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { type Outcome, type Refused, accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { type SkuTerms, vmProfileFor } from '../../domain/sku.js';

/** What is asked for, and by whom. */
export interface AskedFor {
  readonly sku: string;
  readonly region: string;
  readonly gpuCount: number;
  readonly image?: string | undefined;
}

/** Somebody who asks, in an organization: what they have in others does not count there. */
export interface Requester {
  readonly requesterId: string;
  readonly organizationId: string;
}

export interface RequestFacts {
  readonly sku: SkuTerms;
  readonly skuId: string;
  readonly regionId: string;
  readonly image: string;
}

interface OfferedSku extends SkuTerms {
  readonly id: string;
  readonly isActive: boolean;
}

interface OpenRegion {
  readonly id: string;
  readonly name: string;
  readonly isActive: boolean;
}

interface BookRow {
  readonly [column: string]: unknown;
  readonly skus: OfferedSku[];
  readonly regions: OpenRegion[];
  readonly live: number[];
}

// Arrays come from sub-selects, so that their lengths do not tempt the planner to plan again for each group. The inner query ends with OFFSET so that the index on the requester answers it, whatever is known of organizations.
const LIVE = `select coalesce(json_agg((
    select count(*) from (
      select a.organization_id from allocations.allocations a
      where a.requested_by = w.requester_id and a.state in ('requested', 'provisioning', 'active', 'releasing', 'release_failed')
      offset 0
    ) a where a.organization_id = w.organization_id
  ) order by w.place), '[]')
  from unnest((select $1::text[]), (select $2::text[])) with ordinality w (requester_id, organization_id, place)`;

const BOOK = `
  select (select coalesce(json_agg(json_build_object('id', s.id, 'isActive', s.is_active, 'name', s.name,
      'resourceClass', s.resource_class, 'schedulingUnit', s.scheduling_unit, 'billingUnit', s.billing_unit,
      'capacityShape', s.capacity_shape, 'allowedGpuCounts', s.allowed_gpu_counts, 'resourceProfile', s.resource_profile)), '[]')
    from allocations.skus s where s.name = any ((select $3::text[])::text[])) as skus,
    (select coalesce(json_agg(json_build_object('id', r.id, 'name', r.name, 'isActive', r.is_active)), '[]')
    from allocations.regions r where r.name = any ((select $4::text[])::text[])) as regions,
    (${LIVE}) as live`;

/** How many live allocations each has; in their order. */
export async function countLive(tx: Transaction, requesters: readonly Requester[]): Promise<readonly number[]> {
  const [row] = await tx.prepared<{ live: number[] }>('allocations.live', `select (${LIVE}) as live`, [
    requesters.map(({ requesterId }) => requesterId),
    requesters.map(({ organizationId }) => organizationId),
  ]);
  return row?.live ?? [];
}

/** The catalogue as far as requests name it, and how many live allocations each requester has: one statement for all. */
export class RequestBook {
  readonly #skus: ReadonlyMap<string, OfferedSku>;
  readonly #regions: ReadonlyMap<string, OpenRegion>;
  /** In the order of the requests. */
  readonly live: readonly number[];

  private constructor(row: BookRow) {
    this.#skus = new Map(row.skus.map((sku) => [sku.name, sku]));
    this.#regions = new Map(row.regions.map((region) => [region.name, region]));
    this.live = row.live;
  }

  static async read(tx: Transaction, requests: readonly (AskedFor & Requester)[]): Promise<RequestBook> {
    const [row] = await tx.prepared<BookRow>('allocations.request_book', BOOK, [
      requests.map(({ requesterId }) => requesterId),
      requests.map(({ organizationId }) => organizationId),
      [...new Set(requests.map(({ sku }) => sku))],
      [...new Set(requests.map(({ region }) => region))],
    ]);
    return new RequestBook(row ?? { skus: [], regions: [], live: [] });
  }

  /** Checks what is asked for against the catalogue: SKU, region, GPU count, image. */
  check(input: AskedFor): Outcome<RequestFacts> {
    const offered = this.#skus.get(input.sku);
    if (offered === undefined) return refuse('NOT_FOUND', `There is no SKU "${input.sku}".`, at('sku'));
    const { id: skuId, isActive, ...sku } = offered;
    if (!isActive) return refuse('INVALID_STATE', `SKU ${sku.name} is not offered any more.`, at('sku'));
    const region = this.#regions.get(input.region);
    if (region === undefined) return refuse('NOT_FOUND', `There is no region "${input.region}".`, at('region'));
    if (!region.isActive) return refuse('INVALID_STATE', `Region ${input.region} is closed.`, at('region'));
    const { images } = sku.resourceProfile;
    const image = input.image ?? images[0] ?? '';
    return misfit(sku, input.gpuCount, image) ?? accept({ sku, skuId, regionId: region.id, image });
  }
}

function at(field: string): { readonly field: string[] } {
  return { field: ['input', field] };
}

/** Why the SKU does not come like this; null when it does. */
function misfit(sku: SkuTerms, gpuCount: number, image: string): Refused | null {
  const { allowedGpuCounts, resourceProfile } = sku;
  if (!allowedGpuCounts.includes(gpuCount)) {
    const message = `${sku.name} comes with ${allowedGpuCounts.join(', ')} GPUs, not ${gpuCount}.`;
    return refuse('INVALID_INPUT', message, { ...at('gpuCount'), details: { allowedGpuCounts } });
  }
  const { images } = resourceProfile;
  if (!images.includes(image)) {
    const message = `Image "${image}" is not offered with ${sku.name}.`;
    return refuse('INVALID_INPUT', message, { ...at('image'), details: { images } });
  }
  if (sku.schedulingUnit !== 'node' && vmProfileFor(sku, gpuCount) === null)
    return refuse('INVALID_INPUT', `${sku.name} has no VM size for ${gpuCount} GPUs.`, at('gpuCount'));
  return null;
}
