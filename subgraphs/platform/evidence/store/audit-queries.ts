import type { Scope } from '../../../../kernel/access/authority.js';
import { type RequestContext, defineLoader, reachCondition } from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';
import type { AuditBody } from '../domain/audit-body.js';

export const AUDIT_READ = 'evidence.audit_record.read';

export interface AuditRow {
  readonly [column: string]: unknown;
  readonly logIndex: bigint;
  readonly id: string;
  readonly organizationId: string | null;
  readonly projectId: string | null;
  readonly scopeLevel: Scope['level'];
  readonly scopeId: string;
  readonly action: string;
  readonly result: 'success' | 'failure' | 'denied';
  readonly actorKind: string;
  readonly actorId: string;
  readonly targetType: string | null;
  readonly targetId: string | null;
  readonly correlationId: string;
  readonly reasonCode: string | null;
  readonly occurredAt: Date;
  readonly leafHash: Buffer;
  /** Canonical JSON; null once erased. */
  readonly body: string | null;
}

const COLUMNS = `r.log_index as "logIndex", r.id, r.organization_id as "organizationId", r.project_id as "projectId",
  r.scope_level as "scopeLevel", r.scope_id as "scopeId", r.action, r.result, r.actor_kind as "actorKind", r.actor_id as "actorId",
  r.target_type as "targetType", r.target_id as "targetId", r.correlation_id as "correlationId", r.reason_code as "reasonCode",
  r.occurred_at as "occurredAt", r.leaf_hash as "leafHash", b.body`;
const FROM = 'evidence.audit_records r left join evidence.audit_bodies b using (log_index)';
const REACHED = { organization: 'r.organization_id', department: departmentColumn(), project: 'r.project_id' };

/** A record of a department's own scope; records of its projects are reached through the projects. */
function departmentColumn(): string {
  return `(case when r.scope_level = 'department' then r.scope_id end)`;
}

export function parsedBody(row: AuditRow): AuditBody | null {
  return row.body === null ? null : (JSON.parse(row.body) as AuditBody);
}

export const auditRecordLoader = defineLoader<string, AuditRow>('evidence.audit_record', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<AuditRow>(`select ${COLUMNS} from ${FROM} where r.id = any ($1)`, [ids]),
  );
  const readable = await Promise.all(rows.map((row) => context.can(AUDIT_READ, scopeOf(row))));
  const byId = new Map(rows.filter((_row, index) => readable[index]).map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

function scopeOf(row: AuditRow): Scope {
  return { level: row.scopeLevel, id: row.scopeId, organizationId: row.organizationId };
}

export interface AuditFilter extends PageArguments {
  readonly organizationId?: string | undefined;
  readonly projectId?: string | undefined;
  readonly actorId?: string | undefined;
  /** An action, or a prefix that ends in a dot. */
  readonly action?: string | undefined;
  readonly targetType?: string | undefined;
  readonly targetId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly result?: string | undefined;
  readonly occurredFrom?: Date | undefined;
  readonly occurredBefore?: Date | undefined;
}

const BOUNDARIES = 11;

/** Records that the caller may read, newest first. */
export async function listAuditRecords(context: RequestContext, filter: AuditFilter): Promise<Page<AuditRow>> {
  const request = pageRequest(filter);
  const reach = reachCondition(await context.reach(AUDIT_READ), REACHED, BOUNDARIES);
  const keyset = keysetSql('r.log_index', request, { firstParameter: BOUNDARIES + reach.values.length });
  const rows = await context.read((tx) =>
    tx.rows<AuditRow>(
      `select ${COLUMNS} from ${FROM}
       where ($1::text is null or r.organization_id = $1) and ($2::text is null or r.project_id = $2)
         and ($3::text is null or r.actor_id = $3) and ($4::text is null or r.action like $4)
         and ($5::text is null or r.target_type = $5) and ($6::text is null or r.target_id = $6)
         and ($7::text is null or r.correlation_id = $7) and ($8::text is null or r.result = $8)
         and ($9::timestamptz is null or r.occurred_at >= $9) and ($10::timestamptz is null or r.occurred_at < $10)
         and ${reach.condition} and ${keyset.condition} ${keyset.tail}`,
      [
        filter.organizationId ?? null,
        filter.projectId ?? null,
        filter.actorId ?? null,
        actionPattern(filter.action),
        filter.targetType ?? null,
        filter.targetId ?? null,
        filter.correlationId ?? null,
        filter.result ?? null,
        filter.occurredFrom ?? null,
        filter.occurredBefore ?? null,
        ...reach.values,
        ...keyset.values,
      ],
    ),
  );
  return toPage(request, rows, (row) => [row.logIndex.toString()]);
}

function actionPattern(action: string | undefined): string | null {
  if (action === undefined) return null;
  const literal = action.replaceAll(/[\\%_]/g, String.raw`\$&`);
  return action.endsWith('.') ? `${literal}%` : literal;
}

/** How the records of an entity of another domain are found. */
export type AuditSubject = 'organization' | 'project' | 'resource' | 'principal';

const SUBJECT_CONDITIONS: Readonly<Record<AuditSubject, string>> = {
  organization: 'r.organization_id = named.id',
  project: 'r.project_id = named.id',
  resource: 'r.target_id = named.id',
  // What somebody did, and what was done to them.
  principal: '(r.actor_id = named.id or r.target_id = named.id)',
};

interface SubjectKey {
  readonly subject: AuditSubject;
  readonly id: string;
  readonly page: PageArguments;
}

/** Batches the records of many entities into one query for each kind of subject and page. */
const subjectLoader = defineLoader<string, Page<AuditRow>>('evidence.audit_records_of', async (context, keys) => {
  const parsed = keys.map((key) => JSON.parse(key) as SubjectKey);
  const groups = Map.groupBy(parsed, ({ subject, page }) => JSON.stringify({ subject, page }));
  const pages = new Map<string, Page<AuditRow>>();
  for (const group of groups.values()) for (const [id, page] of await pagesOf(context, group)) pages.set(id, page);
  return keys.map((key) => pages.get(key) ?? null);
});

async function pagesOf(context: RequestContext, group: readonly SubjectKey[]): Promise<[string, Page<AuditRow>][]> {
  const [first] = group;
  if (first === undefined) return [];
  const request = pageRequest(first.page);
  const reach = reachCondition(await context.reach(AUDIT_READ), REACHED, 2);
  const keyset = keysetSql('r.log_index', request, { firstParameter: 2 + reach.values.length });
  const rows = await context.read((tx) =>
    tx.rows<AuditRow & { subjectId: string }>(
      `select named.id as "subjectId", found.* from unnest($1::text[]) as named (id) cross join lateral (
         select ${COLUMNS} from ${FROM}
         where ${SUBJECT_CONDITIONS[first.subject]} and ${reach.condition} and ${keyset.condition} ${keyset.tail}) as found`,
      [group.map(({ id }) => id), ...reach.values, ...keyset.values],
    ),
  );
  const bySubject = Map.groupBy(rows, (row) => row.subjectId);
  return group.map((key) => [
    JSON.stringify(key),
    toPage(request, bySubject.get(key.id) ?? [], (row) => [row.logIndex.toString()]),
  ]);
}

/** Records about an entity that the caller may read, newest first. */
export async function auditRecordsOf(
  context: RequestContext,
  subject: AuditSubject,
  id: string,
  args: PageArguments,
): Promise<Page<AuditRow>> {
  const { first, after, last, before } = args;
  const key: SubjectKey = { subject, id, page: { first, after, last, before } };
  const page = await context.load(subjectLoader, JSON.stringify(key));
  if (page === null) throw new Error('the audit records of an entity were not loaded');
  return page;
}
