import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { type RequestContext, defineLoader } from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';
import type { BundleState } from '../domain/bundle-lifecycle.js';
import type { BundleKind, ItemResult } from '../domain/evidence-vocabulary.js';

export const BUNDLE_READ = 'evidence.bundle.read';

export interface BundleRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly kind: BundleKind;
  readonly title: string;
  readonly sourceSha: string;
  readonly environmentProfile: string;
  readonly owner: string;
  readonly state: BundleState;
  readonly stateReason: string | null;
  readonly stateChangedAt: Date;
  readonly supersededById: string | null;
  readonly sealDigest: string | null;
  readonly sealedAt: Date | null;
  readonly createdBy: string;
  readonly createdAt: Date;
}

export interface ItemRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly bundleId: string;
  readonly type: string;
  readonly title: string;
  readonly result: ItemResult;
  readonly owner: string;
  readonly retentionClass: string;
  readonly artifactDigest: string | null;
  readonly summary: Record<string, unknown>;
  readonly reason: string | null;
  readonly expiresAt: Date | null;
  readonly followUp: string | null;
  readonly contentDigest: string;
  readonly supersedesId: string | null;
  readonly supersededById: string | null;
  readonly createdBy: string;
  readonly createdAt: Date;
}

const BUNDLE_COLUMNS = `id, kind, title, source_sha as "sourceSha", environment_profile as "environmentProfile", owner, state,
  state_reason as "stateReason", state_changed_at as "stateChangedAt", superseded_by_id as "supersededById",
  seal_digest as "sealDigest", sealed_at as "sealedAt", created_by as "createdBy", created_at as "createdAt"`;
const ITEM_COLUMNS = `i.id, i.bundle_id as "bundleId", i.type, i.title, i.result, i.owner, i.retention_class as "retentionClass",
  i.artifact_digest as "artifactDigest", i.summary, i.reason, i.expires_at as "expiresAt", i.follow_up as "followUp",
  i.content_digest as "contentDigest", i.supersedes_id as "supersedesId", n.id as "supersededById",
  i.created_by as "createdBy", i.created_at as "createdAt"`;
const ITEMS = `select ${ITEM_COLUMNS} from evidence.items i left join evidence.items n on n.supersedes_id = i.id`;

/** Release proof belongs to the platform: whoever may not read it there learns nothing of it. */
export const bundleLoader = defineLoader<string, BundleRecord>('evidence.bundle', async (context, ids) => {
  if (!(await context.can(BUNDLE_READ, PLATFORM_SCOPE))) return ids.map(() => null);
  const rows = await context.read((tx) =>
    tx.rows<BundleRecord>(`select ${BUNDLE_COLUMNS} from evidence.bundles where id = any ($1)`, [ids]),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

export const itemLoader = defineLoader<string, ItemRecord>('evidence.item', async (context, ids) => {
  if (!(await context.can(BUNDLE_READ, PLATFORM_SCOPE))) return ids.map(() => null);
  const rows = await context.read((tx) => tx.rows<ItemRecord>(`${ITEMS} where i.id = any ($1)`, [ids]));
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

/** All items of each bundle, oldest first: a bundle bounds how many there are. */
export const itemsLoader = defineLoader<string, readonly ItemRecord[]>(
  'evidence.items_of_bundle',
  async (context, bundleIds) => {
    const rows = await context.read((tx) =>
      tx.rows<ItemRecord>(`${ITEMS} where i.bundle_id = any ($1) order by i.id`, [bundleIds]),
    );
    const byBundle = Map.groupBy(rows, (row) => row.bundleId);
    return bundleIds.map((id) => byBundle.get(id) ?? []);
  },
);

export interface BundleFilter extends PageArguments {
  readonly kind?: BundleKind | undefined;
  readonly state?: BundleState | undefined;
  readonly sourceSha?: string | undefined;
}

export async function listBundles(context: RequestContext, filter: BundleFilter): Promise<Page<BundleRecord>> {
  const request = pageRequest(filter);
  const keyset = keysetSql('id', request, { firstParameter: 4 });
  const rows = await context.read((tx) =>
    tx.rows<BundleRecord>(
      `select ${BUNDLE_COLUMNS} from evidence.bundles
       where ($1::text is null or kind = $1) and ($2::text is null or state = $2) and ($3::text is null or source_sha = $3)
         and ${keyset.condition} ${keyset.tail}`,
      [filter.kind ?? null, filter.state ?? null, filter.sourceSha ?? null, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}
