import { type RequestContext, defineLoader } from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';
import type { EntryFamily } from '../domain/declared-entries.js';
import type { EntryState, ProductState } from '../domain/product-lifecycle.js';

export interface ProductRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly productId: string;
  readonly slug: string;
  readonly title: string;
  readonly lifecycle: ProductState;
  readonly lifecycleChangedAt: Date;
  readonly packetVersion: number;
  readonly contentHash: string;
  readonly packet: Record<string, unknown>;
  readonly createdAt: Date;
}

export interface EntryRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly family: EntryFamily;
  readonly key: string;
  readonly productId: string;
  readonly version: number;
  readonly lifecycle: EntryState;
  readonly definition: Record<string, unknown>;
  readonly changedAt: Date;
}

const PRODUCT_COLUMNS = `id, product_id as "productId", slug, title, lifecycle, lifecycle_changed_at as "lifecycleChangedAt",
  packet_version as "packetVersion", content_hash as "contentHash", packet, created_at as "createdAt"`;
const ENTRY_COLUMNS = `id, family, key, product_id as "productId", version, lifecycle, definition, changed_at as "changedAt"`;

/** By TypeID or by the product's own id, such as `allocations`. */
export const productLoader = defineLoader<string, ProductRecord>('registry.product', async (context, keys) => {
  const rows = await context.read((tx) =>
    tx.rows<ProductRecord>(
      `select ${PRODUCT_COLUMNS} from registry.products where id = any ($1) or product_id = any ($1)`,
      [keys],
    ),
  );
  const byKey = new Map(rows.flatMap((row) => [[row.id, row] as const, [row.productId, row] as const]));
  return keys.map((key) => byKey.get(key) ?? null);
});

export const entryLoader = defineLoader<string, EntryRecord>('registry.entry', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<EntryRecord>(`select ${ENTRY_COLUMNS} from registry.entries where id = any ($1)`, [ids]),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

/** Products, newest first. Everybody who is signed in may see that they exist. */
export async function listProducts(
  context: RequestContext,
  page: PageArguments & { state?: ProductState | undefined },
): Promise<Page<ProductRecord>> {
  const request = pageRequest(page);
  const keyset = keysetSql('id', request, { firstParameter: 2 });
  const rows = await context.read((tx) =>
    tx.rows<ProductRecord>(
      `select ${PRODUCT_COLUMNS} from registry.products where ($1::text is null or lifecycle = $1) and ${keyset.condition} ${keyset.tail}`,
      [page.state ?? null, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}

export interface EntryFilter extends PageArguments {
  readonly family?: EntryFamily | undefined;
  readonly productId?: string | undefined;
  readonly state?: EntryState | undefined;
}

/** Entries in the order of their keys: what a role editor or an SDK author looks things up in. */
export async function listEntries(context: RequestContext, filter: EntryFilter): Promise<Page<EntryRecord>> {
  const request = pageRequest(filter);
  const keyset = keysetSql(`family || ' ' || key || ' ' || product_id`, request, {
    firstParameter: 4,
    isAscending: true,
  });
  const rows = await context.read((tx) =>
    tx.rows<EntryRecord>(
      `select ${ENTRY_COLUMNS} from registry.entries
       where ($1::text is null or family = $1) and ($2::text is null or product_id = $2) and ($3::text is null or lifecycle = $3)
         and ${keyset.condition} ${keyset.tail}`,
      [filter.family ?? null, filter.productId ?? null, filter.state ?? null, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [`${row.family} ${row.key} ${row.productId}`]);
}
