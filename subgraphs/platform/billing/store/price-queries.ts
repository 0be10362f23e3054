import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type RequestContext, defineLoader, reachCondition } from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';

export interface SnapshotRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly priceId: string;
  readonly organizationId: string | null;
  readonly priceKey: string;
  readonly unit: string;
  readonly unitPriceNanos: bigint;
  readonly currency: string;
  readonly validFrom: Date;
  readonly hash: string;
}

export interface PriceRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string | null;
  readonly priceKey: string;
  readonly unit: string;
  readonly unitPriceNanos: bigint;
  readonly currency: string;
  readonly validFrom: Date;
  readonly snapshotId: string;
  readonly createdAt: Date;
}

const SNAPSHOT = `s.id, s.price_id as "priceId", s.organization_id as "organizationId", s.price_key as "priceKey", s.unit,
  s.unit_price_nanos as "unitPriceNanos", s.currency, s.valid_from as "validFrom", s.hash`;

const PRICE = `p.id, p.organization_id as "organizationId", p.price_key as "priceKey", p.unit, p.unit_price_nanos as "unitPriceNanos",
  p.currency, p.valid_from as "validFrom", s.id as "snapshotId", p.created_at as "createdAt"`;

/** Prices in force at one moment: the organization's own before the list price, the latest that has begun; null where there is none. */
export async function snapshotsInForce(
  tx: Transaction,
  requests: readonly { priceKey: string; unit: string; organizationId: string }[],
  at: Date,
): Promise<(SnapshotRecord | null)[]> {
  // Arrays come from sub-selects: their lengths do not tempt the planner to plan again each time.
  const rows = await tx.prepared<SnapshotRecord & { place: bigint }>(
    'billing.snapshots_in_force',
    `select w.place, s.* from unnest((select $1::text[]), (select $2::text[]), (select $3::text[])) with ordinality w (price_key, unit, organization_id, place)
     cross join lateral (
       select ${SNAPSHOT} from billing.prices p join billing.price_snapshots s on s.price_id = p.id
       where p.price_key = w.price_key and p.unit = w.unit
         and (p.organization_id is null or p.organization_id = w.organization_id) and p.valid_from <= $4
       order by (p.organization_id is not null) desc, p.valid_from desc limit 1
     ) s`,
    [
      requests.map(({ priceKey }) => priceKey),
      requests.map(({ unit }) => unit),
      requests.map(({ organizationId }) => organizationId),
      at,
    ],
  );
  const found: (SnapshotRecord | null)[] = requests.map(() => null);
  for (const { place, ...record } of rows) found[Number(place) - 1] = record;
  return found;
}

export async function snapshotById(tx: Transaction, id: string): Promise<SnapshotRecord | null> {
  const rows = await tx.prepared<SnapshotRecord>(
    'billing.snapshot',
    `select ${SNAPSHOT} from billing.price_snapshots s where s.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** List prices are for all; an organization's own are for those who may read its account. Row level security says so too. */
async function visible(context: RequestContext, row: { organizationId: string | null }): Promise<boolean> {
  const { organizationId } = row;
  if (organizationId === null) return true;
  return context.can('billing.account.read', { level: 'organization', id: organizationId, organizationId });
}

export const snapshotLoader = defineLoader<string, SnapshotRecord>('billing.price_snapshot', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<SnapshotRecord>(`select ${SNAPSHOT} from billing.price_snapshots s where s.id = any ($1)`, [ids]),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

export const priceLoader = defineLoader<string, PriceRecord>('billing.price', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<PriceRecord>(
      `select ${PRICE} from billing.prices p join billing.price_snapshots s on s.price_id = p.id where p.id = any ($1)`,
      [ids],
    ),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return Promise.all(
    ids.map(async (id) => {
      const row = byId.get(id);
      return row !== undefined && (await visible(context, row)) ? row : null;
    }),
  );
});

/** Prices, newest first; without a key all of them. */
export async function listPrices(
  context: RequestContext,
  page: PageArguments & { priceKey?: string | undefined; organizationId?: string | undefined },
): Promise<Page<PriceRecord>> {
  const request = pageRequest(page);
  const reach = reachCondition(await context.reach('billing.account.read'), { organization: 'p.organization_id' }, 3);
  const keyset = keysetSql('p.id', request, { firstParameter: 3 + reach.values.length });
  const rows = await context.read((tx) =>
    tx.rows<PriceRecord>(
      `select ${PRICE} from billing.prices p join billing.price_snapshots s on s.price_id = p.id
       where ($1::text is null or p.price_key = $1) and ($2::text is null or p.organization_id = $2)
         and (p.organization_id is null or ${reach.condition}) and ${keyset.condition} ${keyset.tail}`,
      [page.priceKey ?? null, page.organizationId ?? null, ...reach.values, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}
