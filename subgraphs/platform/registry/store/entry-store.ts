import { canonicalJson } from '../../../../kernel/commands/canonical-hash.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { DeclaredEntry, EntryFamily } from '../domain/declared-entries.js';
import type { EntryState } from '../domain/product-lifecycle.js';

export interface StoredEntry {
  readonly [column: string]: unknown;
  readonly family: EntryFamily;
  readonly key: string;
  readonly productId: string;
  readonly definition: Readonly<Record<string, unknown>>;
}

/** Serialises registrations: ownership of an id is decided on all entries of all products. */
export async function lockRegistry(tx: Transaction): Promise<void> {
  await tx.rows(`select pg_advisory_xact_lock(hashtextextended('registry.packets', 0))`);
}

/** All entries there ever were that share a family and key, or a namespace, with one of these. */
export async function relatedEntries(
  tx: Transaction,
  entries: readonly DeclaredEntry[],
  namespaces: readonly string[],
): Promise<StoredEntry[]> {
  return tx.rows<StoredEntry>(
    `select e.family, e.key, e.product_id as "productId", e.definition from registry.entries e
     where (e.family, e.key) in (select * from unnest($1::text[], $2::text[]))
        or (e.family in ('permission', 'audit_action', 'event_type') and split_part(e.key, '.', 1) = any ($3::text[]))`,
    [entries.map((entry) => entry.family), entries.map((entry) => entry.key), namespaces],
  );
}

/** Makes the stored entries of a product those of its packet. The version of an entry rises when its definition changes. */
export async function replaceEntries(
  tx: Transaction,
  product: { productId: string; entryState: EntryState; now: Date },
  entries: readonly DeclaredEntry[],
): Promise<void> {
  await tx.execute(
    `insert into registry.entries as e (id, family, key, product_id, lifecycle, definition, changed_at)
     select id, family, key, $5, $6, definition, $7 from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[]) as d (id, family, key, definition)
     on conflict (family, key, product_id) do update
       set version = e.version + (case when e.definition = excluded.definition then 0 else 1 end),
           lifecycle = excluded.lifecycle, definition = excluded.definition, changed_at = excluded.changed_at
       where e.definition <> excluded.definition or e.lifecycle <> excluded.lifecycle`,
    [
      entries.map(() => newId('reg')),
      entries.map((entry) => entry.family),
      entries.map((entry) => entry.key),
      entries.map((entry) => canonicalJson(entry.definition)),
      product.productId,
      product.entryState,
      product.now,
    ],
  );
  await tx.execute(
    `update registry.entries set lifecycle = 'retired', changed_at = $4
     where product_id = $1 and lifecycle <> 'retired' and (family, key) not in (select * from unnest($2::text[], $3::text[]))`,
    [product.productId, entries.map((entry) => entry.family), entries.map((entry) => entry.key), product.now],
  );
}

/** Makes the status components of a product those of its packet; what was observed of them stays. */
export async function replaceComponents(
  tx: Transaction,
  product: { productId: string; isInForce: boolean; now: Date },
  entries: readonly DeclaredEntry[],
): Promise<void> {
  const components = entries.filter((entry) => entry.family === 'status_component');
  await tx.execute(
    `insert into registry.status_components (id, component_id, product_id, title, family, freshness_seconds, is_retired, health_changed_at)
     select id, component_id, $6, title, family, freshness_seconds, $7, $8
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[]) as d (id, component_id, title, family, freshness_seconds)
     on conflict (component_id) do update set title = excluded.title, family = excluded.family,
       freshness_seconds = excluded.freshness_seconds, is_retired = excluded.is_retired`,
    [
      components.map(() => newId('cmp')),
      components.map((entry) => entry.key),
      components.map((entry) => entry.definition['title']),
      components.map((entry) => entry.definition['family']),
      components.map((entry) => entry.definition['freshnessSeconds']),
      product.productId,
      !product.isInForce,
      product.now,
    ],
  );
  await tx.execute(
    'update registry.status_components set is_retired = true where product_id = $1 and not is_retired and component_id <> all ($2::text[])',
    [product.productId, components.map((entry) => entry.key)],
  );
}

export async function raiseRevision(tx: Transaction): Promise<bigint> {
  const row = await tx.row<{ revision: bigint }>(
    'update registry.revision set revision = revision + 1 returning revision',
  );
  if (row === null) throw new Error('registry.revision has no row');
  return row.revision;
}
