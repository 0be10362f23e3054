import { defineLoader } from '../../../../kernel/graphql/request-context.js';
import { canReadUsage } from './usage-queries.js';

/** What spend is asked of: the column of usage that names it. */
export const SPEND_COLUMNS = {
  project: 'u.project_id',
  allocation: 'u.allocation_id',
  appInstance: 'u.app_instance_id',
  // Requests of a route are resources of their own; each names its route.
  modelRoute: `coalesce(u.metadata->>'modelRouteId', u.resource_id)`,
} as const;

export type SpendOf = keyof typeof SPEND_COLUMNS;

export interface SpendLineRow {
  readonly productId: string;
  readonly unit: string;
  readonly baseQuantity: bigint;
  readonly amountNanos: bigint;
}

interface SpendRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly productId: string | null;
  readonly unit: string | null;
  readonly baseQuantity: string;
  readonly amountNanos: string;
}

/** A key of {@link spendLoader}: usage whose window ended after `from` and not after `to`. */
export function spendKey(
  of: SpendOf,
  id: string,
  range: { from?: Date | undefined; to?: Date | undefined } = {},
): string {
  return JSON.stringify([of, range.from?.toISOString() ?? null, range.to?.toISOString() ?? null, id]);
}

/** Spend by product and unit; null where billing knows nothing, or the caller may not read it. One statement for all keys of a kind and range. */
export const spendLoader = defineLoader<string, SpendLineRow[]>('billing.spend', async (context, keys) => {
  const parsed = keys.map((key) => JSON.parse(key) as [SpendOf, string | null, string | null, string]);
  const groups = Map.groupBy(parsed, ([of, from, to]) => JSON.stringify([of, from, to]));
  const found = new Map<string, SpendLineRow[]>();
  for (const group of groups.values()) {
    const [of, from, to] = group[0] ?? ['project', null, null];
    const ids = group.map(([, , , id]) => id);
    const rows = await context.read((tx) =>
      tx.rows<SpendRow>(
        `select ${SPEND_COLUMNS[of]} as id, u.organization_id as "organizationId", u.project_id as "projectId", u.product_id as "productId", u.unit,
           sum(u.base_quantity)::text as "baseQuantity", sum(l.amount_nanos)::text as "amountNanos"
         from billing.usage_records u join billing.rated_lines l on l.usage_id = u.id
         where ${SPEND_COLUMNS[of]} = any ($1)
           and ($2::timestamptz is null or u.window_end > $2) and ($3::timestamptz is null or u.window_end <= $3)
         group by 1, 2, 3, 4, 5
         union all
         select resource_id, organization_id, project_id, null, null, '0', '0' from billing.holds where resource_id = any ($1)
         order by 4, 5`,
        [ids, from, to],
      ),
    );
    for (const row of rows) {
      if (!(await canReadUsage(context, row))) continue;
      const lines = found.get(spendKeyOf(of, from, to, row.id)) ?? [];
      found.set(spendKeyOf(of, from, to, row.id), lines);
      const { productId, unit } = row;
      if (productId === null || unit === null) continue;
      lines.push({ productId, unit, baseQuantity: BigInt(row.baseQuantity), amountNanos: BigInt(row.amountNanos) });
    }
  }
  return keys.map((key) => found.get(key) ?? null);
});

function spendKeyOf(of: SpendOf, from: string | null, to: string | null, id: string): string {
  return JSON.stringify([of, from, to, id]);
}

interface PricedRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly snapshotId: string;
}

/** The snapshot that a resource is rated with: named by its hold, or by its usage. */
export const snapshotOfResourceLoader = defineLoader<string, string>(
  'billing.snapshot_of_resource',
  async (context, ids) => {
    const rows = await context.read((tx) =>
      tx.rows<PricedRow>(
        `select distinct on (id) id, organization_id as "organizationId", project_id as "projectId", snapshot as "snapshotId" from (
         select resource_id as id, organization_id, project_id, price_snapshot_id as snapshot, 0 as rank from billing.holds
         where resource_id = any ($1) and price_snapshot_id is not null
         union all
         select u.allocation_id, u.organization_id, u.project_id, l.price_snapshot_id, 1
         from billing.usage_records u join billing.rated_lines l on l.usage_id = u.id where u.allocation_id = any ($1) and u.source = 'allocation'
       ) known order by id, rank, snapshot`,
        [ids],
      ),
    );
    const visible = await Promise.all(rows.map((row) => canReadUsage(context, row)));
    const byId = new Map(rows.filter((_row, index) => visible[index]).map((row) => [row.id, row.snapshotId]));
    return ids.map((id) => byId.get(id) ?? null);
  },
);
