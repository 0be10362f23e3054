import { type RequestContext, defineLoader, reachCondition } from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';
import type { UsageSource } from '../contract.js';

/** An accepted usage event with its rated line. */
export interface UsageRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly eventId: string;
  readonly source: UsageSource;
  readonly productId: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly actorId: string;
  readonly unit: string;
  readonly baseQuantity: bigint;
  readonly windowStart: Date;
  readonly windowEnd: Date;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly allocationId: string | null;
  readonly appInstanceId: string | null;
  readonly correlationId: string;
  readonly createdAt: Date;
  readonly amountNanos: bigint;
  readonly currency: string;
  readonly basePerUnit: bigint;
  readonly priceSnapshotId: string;
  readonly priceSnapshotHash: string;
  readonly balanceAfterNanos: string;
}

const COLUMNS = `u.id, u.event_id as "eventId", u.source, u.product_id as "productId", u.organization_id as "organizationId",
  u.project_id as "projectId", u.actor_id as "actorId", u.unit, u.base_quantity as "baseQuantity", u.window_start as "windowStart",
  u.window_end as "windowEnd", u.resource_type as "resourceType", u.resource_id as "resourceId", u.allocation_id as "allocationId",
  u.app_instance_id as "appInstanceId", u.correlation_id as "correlationId", u.created_at as "createdAt",
  l.amount_nanos as "amountNanos", l.currency, l.base_per_unit as "basePerUnit", l.price_snapshot_id as "priceSnapshotId",
  l.price_snapshot_hash as "priceSnapshotHash", l.balance_after_nanos::text as "balanceAfterNanos"`;

const TABLES = 'billing.usage_records u join billing.rated_lines l on l.usage_id = u.id';

export const READ_USAGE = 'billing.usage.read';

export function canReadUsage(
  context: RequestContext,
  row: { organizationId: string; projectId: string },
): Promise<boolean> {
  return context.can(READ_USAGE, { level: 'project', id: row.projectId, organizationId: row.organizationId });
}

export const usageLoader = defineLoader<string, UsageRow>('billing.usage_record', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<UsageRow>(`select ${COLUMNS} from ${TABLES} where u.id = any ($1)`, [ids]),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return Promise.all(
    ids.map(async (id) => {
      const row = byId.get(id);
      return row !== undefined && (await canReadUsage(context, row)) ? row : null;
    }),
  );
});

export interface UsageFilter extends PageArguments {
  readonly organizationId: string;
  readonly projectId?: string | undefined;
  readonly unit?: string | undefined;
}

/** Usage of an organization where the caller may read it, newest first. */
export async function listUsage(context: RequestContext, filter: UsageFilter): Promise<Page<UsageRow>> {
  const request = pageRequest(filter);
  const columns = { organization: 'u.organization_id', department: 'u.department_id', project: 'u.project_id' };
  const reach = reachCondition(await context.reach(READ_USAGE), columns, 4);
  const keyset = keysetSql('u.id', request, { firstParameter: 4 + reach.values.length });
  const rows = await context.read((tx) =>
    tx.rows<UsageRow>(
      `select ${COLUMNS} from ${TABLES}
       where u.organization_id = $1 and ($2::text is null or u.project_id = $2) and ($3::text is null or u.unit = $3)
         and ${reach.condition} and ${keyset.condition} ${keyset.tail}`,
      [filter.organizationId, filter.projectId ?? null, filter.unit ?? null, ...reach.values, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}
