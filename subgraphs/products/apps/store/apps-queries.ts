import type { Transaction } from '../../../../kernel/database/transaction.js';
import {
  type Loader,
  type RequestContext,
  defineLoader,
  reachCondition,
} from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';
import { COLUMNS } from './apps-columns.js';
import { projectScope } from './instance-store.js';
import {
  type AppRecord,
  type ArtifactRecord,
  type ConditionRecord,
  type EndpointRecord,
  type EntitlementRecord,
  type InstanceRecord,
  type LateReportRecord,
  type LeakRecord,
  type MemberRecord,
  type VersionRecord,
  type WorkItemRecord,
} from './apps-records.js';

export const INSTANCE_READ = 'apps.instance.read';
export const ENTITLEMENT_READ = 'apps.entitlement.read';

interface Placed {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly projectId: string;
  readonly organizationId: string;
}

/** A loader by id over a table that everybody who is signed in may read. */
function openLoader<Row extends { readonly id: string; readonly [column: string]: unknown }>(
  name: string,
  table: string,
  columns: string,
): Loader<string, Row> {
  return defineLoader<string, Row>(name, async (context, ids) => {
    const rows = await context.read((tx) => tx.rows<Row>(`select ${columns} from ${table} where id = any ($1)`, [ids]));
    return inOrder(ids, rows, (row) => row.id);
  });
}

/** A loader by id over rows of projects: null for those that the caller may not see. */
function placedLoader<Row extends Placed>(
  name: string,
  table: string,
  columns: string,
  permission: string,
): Loader<string, Row> {
  return defineLoader<string, Row>(name, async (context, ids) => {
    const rows = await context.read((tx) => tx.rows<Row>(`select ${columns} from ${table} where id = any ($1)`, [ids]));
    const seen = await Promise.all(rows.map((row) => context.can(permission, projectScope(row))));
    return inOrder(
      ids,
      rows.filter((_, index) => seen[index]),
      (row) => row.id,
    );
  });
}

function inOrder<Row>(keys: readonly string[], rows: readonly Row[], keyOf: (row: Row) => string): (Row | null)[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return keys.map((key) => byKey.get(key) ?? null);
}

export const appLoader = openLoader<AppRecord>('apps.app', 'apps.apps', COLUMNS.app);
export const versionLoader = openLoader<VersionRecord>('apps.version', 'apps.versions', COLUMNS.version);
export const artifactLoader = openLoader<ArtifactRecord>('apps.artifact', 'apps.artifacts', COLUMNS.artifact);
export const instanceLoader = placedLoader<InstanceRecord>(
  'apps.instance',
  'apps.instances',
  COLUMNS.instance,
  INSTANCE_READ,
);
export const workItemLoader = placedLoader<WorkItemRecord>(
  'apps.work_item',
  'apps.work_items',
  COLUMNS.workItem,
  INSTANCE_READ,
);
export const entitlementLoader = placedLoader<EntitlementRecord>(
  'apps.entitlement',
  'apps.entitlements',
  COLUMNS.entitlement,
  ENTITLEMENT_READ,
);
/** Endpoints are seen with their instance: whoever may see one may see the other. */
export const endpointLoader = defineLoader<string, EndpointRecord>('apps.endpoint', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<EndpointRecord>(`select ${COLUMNS.endpoint} from apps.endpoints where id = any ($1)`, [ids]),
  );
  const instances = await Promise.all(rows.map((row) => context.load(instanceLoader, row.instanceId)));
  return inOrder(
    ids,
    rows.filter((_, index) => instances[index] !== null),
    (row) => row.id,
  );
});

/** Small lists that belong to an instance the caller has been shown already; one statement for all instances of a page. */
function ofInstances<Row extends { readonly instanceId: string; readonly [column: string]: unknown }>(
  name: string,
  sql: string,
): Loader<string, Row[]> {
  return defineLoader<string, Row[]>(name, async (context, ids) => {
    const rows = await context.read((tx) => tx.rows<Row>(sql, [ids]));
    return ids.map((id) => rows.filter((row) => row.instanceId === id));
  });
}

export const conditionsLoader = ofInstances<ConditionRecord>(
  'apps.conditions',
  `select ${COLUMNS.condition} from apps.conditions where instance_id = any ($1) order by type`,
);
export const endpointsLoader = ofInstances<EndpointRecord>(
  'apps.endpoints',
  `select ${COLUMNS.endpoint} from apps.endpoints where instance_id = any ($1) order by name`,
);
export const membersLoader = ofInstances<MemberRecord>(
  'apps.members',
  `select ${COLUMNS.member} from apps.members where instance_id = any ($1) order by component_key`,
);
export const leaksLoader = ofInstances<LeakRecord>(
  'apps.leaks',
  `select ${COLUMNS.leak} from apps.leaks where instance_id = any ($1) order by id`,
);
/** The newest 20 of each instance. */
export const lateReportsLoader = ofInstances<LateReportRecord>(
  'apps.late_reports',
  `select * from (select ${COLUMNS.lateReport}, row_number() over (partition by instance_id order by id desc) as rank
     from apps.late_reports where instance_id = any ($1)) r where rank <= 20 order by id desc`,
);
export const workItemsLoader = ofInstances<WorkItemRecord>(
  'apps.work_items',
  `select * from (select ${COLUMNS.workItem}, row_number() over (partition by instance_id order by id desc) as rank
     from apps.work_items where instance_id = any ($1)) w where rank <= 20 order by id desc`,
);

export async function listApps(context: RequestContext, page: PageArguments): Promise<Page<AppRecord>> {
  const request = pageRequest(page);
  const keyset = keysetSql('slug', request, { firstParameter: 1, isAscending: true });
  const rows = await context.read((tx) =>
    tx.rows<AppRecord>(`select ${COLUMNS.app} from apps.apps where ${keyset.condition} ${keyset.tail}`, keyset.values),
  );
  return toPage(request, rows, (row) => [row.slug]);
}

export async function findApp(context: RequestContext, slug: string): Promise<AppRecord | null> {
  return context.read((tx) => tx.row<AppRecord>(`select ${COLUMNS.app} from apps.apps where slug = $1`, [slug]));
}

/** Versions of one app, newest first: every one for those who publish, else those that can be (or could once be) launched. */
export async function listVersions(
  context: RequestContext,
  appId: string,
  page: PageArguments,
  options: { includesDrafts: boolean },
): Promise<Page<VersionRecord>> {
  const request = pageRequest(page);
  const keyset = keysetSql('id', request, { firstParameter: 3 });
  const rows = await context.read((tx) =>
    tx.rows<VersionRecord>(
      `select ${COLUMNS.version} from apps.versions where app_id = $1 and ($2 or state in ('active', 'retired')) and ${keyset.condition} ${keyset.tail}`,
      [appId, options.includesDrafts, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}

export async function listArtifacts(context: RequestContext, page: PageArguments): Promise<Page<ArtifactRecord>> {
  const request = pageRequest(page);
  const keyset = keysetSql('id', request, { firstParameter: 1 });
  const rows = await context.read((tx) =>
    tx.rows<ArtifactRecord>(
      `select ${COLUMNS.artifact} from apps.artifacts where ${keyset.condition} ${keyset.tail}`,
      keyset.values,
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}

const PLACE = { organization: 'organization_id', department: 'department_id', project: 'project_id' };

export async function listEntitlements(
  context: RequestContext,
  projectId: string,
  page: PageArguments,
): Promise<Page<EntitlementRecord>> {
  const request = pageRequest(page);
  const reach = reachCondition(await context.reach(ENTITLEMENT_READ), PLACE, 2);
  const keyset = keysetSql('id', request, { firstParameter: 2 + reach.values.length });
  const rows = await context.read((tx) =>
    tx.rows<EntitlementRecord>(
      `select ${COLUMNS.entitlement} from apps.entitlements where project_id = $1 and ${reach.condition} and ${keyset.condition} ${keyset.tail}`,
      [projectId, ...reach.values, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}

export interface InstanceFilter {
  readonly projectId?: string | undefined;
  readonly allocationId?: string | undefined;
  readonly state?: string | undefined;
}

/** App instances within the caller's reach, newest first. */
export async function listInstances(
  context: RequestContext,
  filter: InstanceFilter,
  page: PageArguments,
): Promise<Page<InstanceRecord>> {
  const request = pageRequest(page);
  const reach = reachCondition(await context.reach(INSTANCE_READ), PLACE, 4);
  const keyset = keysetSql('id', request, { firstParameter: 4 + reach.values.length });
  const rows = await context.read((tx: Transaction) =>
    tx.rows<InstanceRecord>(
      `select ${COLUMNS.instance} from apps.instances
       where ($1::text is null or project_id = $1) and ($2::text is null or allocation_id = $2) and ($3::text is null or state = $3)
         and ${reach.condition} and ${keyset.condition} ${keyset.tail}`,
      [filter.projectId ?? null, filter.allocationId ?? null, filter.state ?? null, ...reach.values, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}

/** The newest 20 instances on each allocation that the caller may see: one statement for all allocations of a page. */
export const instancesOnLoader = defineLoader<string, InstanceRecord[]>(
  'apps.instances_on_allocation',
  async (context, allocationIds) => {
    const reach = reachCondition(await context.reach(INSTANCE_READ), PLACE, 2);
    const rows = await context.read((tx) =>
      tx.rows<InstanceRecord>(
        `select * from (select ${COLUMNS.instance}, row_number() over (partition by allocation_id order by id desc) as rank
         from apps.instances where allocation_id = any ($1) and ${reach.condition}) i where rank <= 20 order by id desc`,
        [allocationIds, ...reach.values],
      ),
    );
    return allocationIds.map((id) => rows.filter((row) => row.allocationId === id));
  },
);
