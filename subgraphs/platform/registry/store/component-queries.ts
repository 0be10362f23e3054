import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type RequestContext, defineLoader } from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';
import type { ComponentHealth, ReportedHealth } from '../domain/component-health.js';

export interface ComponentRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly componentId: string;
  readonly productId: string;
  readonly title: string;
  readonly family: string;
  readonly freshnessSeconds: number;
  readonly health: ReportedHealth | null;
  readonly detail: string | null;
  readonly observedAt: Date | null;
  readonly announcedHealth: ComponentHealth;
  readonly healthChangedAt: Date;
  /** The database's clock, by which observations are dated. */
  readonly readAt: Date;
}

const COLUMNS = `id, component_id as "componentId", product_id as "productId", title, family,
  freshness_seconds as "freshnessSeconds", health, detail, observed_at as "observedAt",
  announced_health as "announcedHealth", health_changed_at as "healthChangedAt", clock_timestamp() as "readAt"`;

/** By TypeID or by the component's own id, such as `gateway`. A retired one is still found. */
export const componentLoader = defineLoader<string, ComponentRecord>('registry.component', async (context, keys) => {
  const rows = await context.read((tx) =>
    tx.rows<ComponentRecord>(
      `select ${COLUMNS} from registry.status_components where id = any ($1) or component_id = any ($1)`,
      [keys],
    ),
  );
  const byKey = new Map(rows.flatMap((row) => [[row.id, row] as const, [row.componentId, row] as const]));
  return keys.map((key) => byKey.get(key) ?? null);
});

export interface ComponentFilter extends PageArguments {
  readonly family?: string | undefined;
  readonly productId?: string | undefined;
}

/** Components that are not retired. Everybody who is signed in may see them: they say how the platform is. */
export async function listComponents(context: RequestContext, filter: ComponentFilter): Promise<Page<ComponentRecord>> {
  const request = pageRequest(filter);
  const keyset = keysetSql('component_id', request, { firstParameter: 3, isAscending: true });
  const rows = await context.read((tx) =>
    tx.rows<ComponentRecord>(
      `select ${COLUMNS} from registry.status_components
       where not is_retired and ($1::text is null or family = $1) and ($2::text is null or product_id = $2)
         and ${keyset.condition} ${keyset.tail}`,
      [filter.family ?? null, filter.productId ?? null, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.componentId]);
}

/** Which of these ids no registered component has. */
export async function unknownComponents(tx: Transaction, componentIds: readonly string[]): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select id from unnest($1::text[]) as named (id)
     where not exists (select from registry.status_components c where c.component_id = named.id and not c.is_retired)`,
    [componentIds],
  );
  return rows.map((row) => row.id);
}
