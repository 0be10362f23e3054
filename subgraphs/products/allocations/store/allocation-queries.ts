import { type RequestContext, defineLoader, reachCondition } from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';
import type { AllocationState } from '../domain/allocation-lifecycle.js';
import { ALLOCATION_COLUMNS, type AllocationRecord, projectScope } from './allocation-record.js';

export const ALLOCATION_READ = 'allocations.allocation.read';

/** One allocation each; null for what does not exist and for what the caller may not read. */
export const allocationLoader = defineLoader<string, AllocationRecord>(
  'allocations.allocation',
  async (context, ids) => {
    const rows = await context.read((tx) =>
      tx.rows<AllocationRecord>(`select ${ALLOCATION_COLUMNS} from allocations.allocations a where a.id = any ($1)`, [
        ids,
      ]),
    );
    const visible = await Promise.all(
      rows.map(async (row) => ((await context.can(ALLOCATION_READ, projectScope(row))) ? row : null)),
    );
    const byId = new Map(visible.filter((row) => row !== null).map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  },
);

export interface AllocationFilter {
  readonly organizationId?: string | undefined;
  readonly projectId?: string | undefined;
  readonly nodeId?: string | undefined;
  readonly states?: readonly AllocationState[] | undefined;
}

/** Allocations that the caller may read, newest first. One statement, whatever the page's size. */
export async function listAllocations(
  context: RequestContext,
  page: PageArguments & AllocationFilter,
  within: Pick<AllocationFilter, 'projectId' | 'nodeId'> = {},
): Promise<Page<AllocationRecord>> {
  const request = pageRequest(page);
  const reach = reachCondition(
    await context.reach(ALLOCATION_READ),
    { organization: 'a.organization_id', department: 'a.department_id', project: 'a.project_id' },
    5,
  );
  const keyset = keysetSql('a.id', request, { firstParameter: 5 + reach.values.length });
  const rows = await context.read((tx) =>
    tx.rows<AllocationRecord>(
      `select ${ALLOCATION_COLUMNS} from allocations.allocations a
       where ($1::text is null or a.organization_id = $1) and ($2::text is null or a.project_id = $2)
         and ($3::text is null or a.node_id = $3) and ($4::text[] is null or a.state = any ($4))
         and ${reach.condition} and ${keyset.condition} ${keyset.tail}`,
      [
        page.organizationId ?? null,
        within.projectId ?? page.projectId ?? null,
        within.nodeId ?? null,
        page.states ?? null,
        ...reach.values,
        ...keyset.values,
      ],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}
