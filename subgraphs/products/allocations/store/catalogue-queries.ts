import { type RequestContext, defineLoader } from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';
import type { SkuTerms } from '../domain/sku.js';

export interface SkuRecord extends SkuTerms {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly vendor: string;
  readonly displayName: string;
  readonly isActive: boolean;
  readonly createdAt: Date;
}

const SKU_COLUMNS = `id, name, vendor, display_name as "displayName", resource_class as "resourceClass",
  scheduling_unit as "schedulingUnit", billing_unit as "billingUnit", capacity_shape as "capacityShape",
  allowed_gpu_counts as "allowedGpuCounts", resource_profile as "resourceProfile", is_active as "isActive",
  created_at as "createdAt"`;

export const skuLoader = defineLoader<string, SkuRecord>('allocations.sku', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<SkuRecord>(`select ${SKU_COLUMNS} from allocations.skus where id = any ($1)`, [ids]),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

/** SKUs in the order they were added. The catalogue is no secret: whoever is signed in may see it. */
export async function listSkus(
  context: RequestContext,
  page: PageArguments & { isActive?: boolean | undefined },
): Promise<Page<SkuRecord>> {
  const request = pageRequest(page);
  const keyset = keysetSql('id', request, { firstParameter: 2, isAscending: true });
  const rows = await context.read((tx) =>
    tx.rows<SkuRecord>(
      `select ${SKU_COLUMNS} from allocations.skus where ($1::boolean is null or is_active = $1) and ${keyset.condition} ${keyset.tail}`,
      [page.isActive ?? null, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}

export interface RegionRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly isActive: boolean;
}

const REGION_COLUMNS = `id, name, display_name as "displayName", is_active as "isActive"`;

export const regionLoader = defineLoader<string, RegionRecord>('allocations.region', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<RegionRecord>(`select ${REGION_COLUMNS} from allocations.regions where id = any ($1)`, [ids]),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

export async function listRegions(context: RequestContext, page: PageArguments): Promise<Page<RegionRecord>> {
  const request = pageRequest(page);
  const keyset = keysetSql('id', request, { firstParameter: 1, isAscending: true });
  const rows = await context.read((tx) =>
    tx.rows<RegionRecord>(
      `select ${REGION_COLUMNS} from allocations.regions where ${keyset.condition} ${keyset.tail}`,
      keyset.values,
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}
