import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type RequestContext, defineLoader } from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';
import type { IncidentState } from '../domain/incident-lifecycle.js';

/** An incident as it is read. */
export interface IncidentRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly severity: string;
  readonly componentIds: string[];
  readonly state: IncidentState;
  readonly stateReason: string | null;
  readonly stateChangedAt: Date;
  readonly createdAt: Date;
}

const COLUMNS = `id, title, summary, severity, component_ids as "componentIds", state, state_reason as "stateReason",
  state_changed_at as "stateChangedAt", created_at as "createdAt"`;

export const incidentLoader = defineLoader<string, IncidentRecord>('registry.incident', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<IncidentRecord>(`select ${COLUMNS} from registry.incidents where id = any ($1)`, [ids]),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

const OPEN_MAX = 20;

/** Unresolved incidents of each component, newest first. */
export const openIncidentsLoader = defineLoader<string, readonly IncidentRecord[]>(
  'registry.open_incidents',
  async (context, componentIds) => {
    const rows = await context.read((tx) =>
      tx.rows<IncidentRecord>(
        `select ${COLUMNS} from registry.incidents where state <> 'resolved' and component_ids && $1::text[] order by id desc`,
        [componentIds],
      ),
    );
    return componentIds.map((id) => rows.filter((row) => row.componentIds.includes(id)).slice(0, OPEN_MAX));
  },
);

/** Incidents, newest first. Everybody who is signed in may see them: they say what is wrong with the platform. */
export async function listIncidents(
  context: RequestContext,
  page: PageArguments & { state?: IncidentState | undefined },
): Promise<Page<IncidentRecord>> {
  const request = pageRequest(page);
  const keyset = keysetSql('id', request, { firstParameter: 2 });
  const rows = await context.read((tx: Transaction) =>
    tx.rows<IncidentRecord>(
      `select ${COLUMNS} from registry.incidents where ($1::text is null or state = $1) and ${keyset.condition} ${keyset.tail}`,
      [page.state ?? null, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}
