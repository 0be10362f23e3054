import type { Transaction } from '../../../../../kernel/database/transaction.js';
import {
  type Loader,
  type RequestContext,
  defineLoader,
  reachCondition,
} from '../../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../../kernel/paging/keyset.js';
import type { ServiceAccountState } from '../../domain/credentials/service-account-lifecycle.js';

interface Row {
  readonly [column: string]: unknown;
  readonly id: string;
}

export interface ServiceAccountRecord extends Row {
  readonly organizationId: string;
  readonly projectId: string;
  readonly name: string;
  readonly slug: string;
  readonly description: string;
  readonly allowList: string[];
  readonly state: ServiceAccountState;
  readonly stateReason: string | null;
  readonly stateChangedAt: Date;
  readonly createdAt: Date;
}

export interface ServiceAccountKeyRecord extends Row {
  readonly organizationId: string;
  readonly projectId: string;
  readonly serviceAccountId: string;
  readonly name: string;
  readonly lastFour: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

export interface ApiKeyRecord extends Row {
  readonly organizationId: string;
  readonly projectId: string;
  readonly ownerId: string;
  readonly name: string;
  readonly prefix: string;
  readonly lastFour: string;
  readonly allowList: string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

const ACCOUNT_COLUMNS = `id, organization_id as "organizationId", project_id as "projectId", name, slug, description,
  allow_list as "allowList", state, state_reason as "stateReason", state_changed_at as "stateChangedAt", created_at as "createdAt"`;
const KEY_COLUMNS = `id, organization_id as "organizationId", project_id as "projectId", service_account_id as "serviceAccountId",
  name, last_four as "lastFour", created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt",
  last_used_at as "lastUsedAt"`;
const API_KEY_COLUMNS = `id, organization_id as "organizationId", project_id as "projectId", owner_id as "ownerId", name, prefix,
  last_four as "lastFour", allow_list as "allowList", created_at as "createdAt", expires_at as "expiresAt",
  revoked_at as "revokedAt", last_used_at as "lastUsedAt"`;

const SCOPE_COLUMNS = { organization: 'organization_id', project: 'project_id' };

export const READ_SERVICE_ACCOUNTS = 'iam.service_account.read';
export const READ_API_KEYS = 'iam.api_key.read';

/**
 * A loader of rows that the caller may see: by permission, its reach being part of the statement, or as the owner. An
 * API key is not its owner here: it sees what its allow-list lets it see.
 */
function readableLoader<Record extends Row>(
  name: string,
  statement: { table: string; columns: string; permission: string; ownerColumn?: string },
): Loader<string, Record> {
  return defineLoader<string, Record>(name, async (context, ids) => {
    const { actor } = context;
    const reach = await context.reach(statement.permission);
    const { condition, values } = reachCondition(reach, SCOPE_COLUMNS, 2);
    const conditions = [condition];
    if (statement.ownerColumn !== undefined && actor.kind !== 'api_key') {
      values.push(actor.id);
      conditions.push(`${statement.ownerColumn} = $${values.length + 1}`);
    }
    const rows = await context.read((tx) =>
      tx.rows<Record>(
        `select ${statement.columns} from iam.${statement.table} where id = any ($1) and (${conditions.join(' or ')})`,
        [ids, ...values],
      ),
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}

export const serviceAccountLoader = readableLoader<ServiceAccountRecord>('iam.service_account', {
  table: 'service_accounts',
  columns: ACCOUNT_COLUMNS,
  permission: READ_SERVICE_ACCOUNTS,
});
export const serviceAccountKeyLoader = readableLoader<ServiceAccountKeyRecord>('iam.service_account_key', {
  table: 'service_account_keys',
  columns: KEY_COLUMNS,
  permission: READ_SERVICE_ACCOUNTS,
});
export const apiKeyLoader = readableLoader<ApiKeyRecord>('iam.api_key', {
  table: 'api_keys',
  columns: API_KEY_COLUMNS,
  permission: READ_API_KEYS,
  ownerColumn: 'owner_id',
});

/** Keys of each of these service accounts, newest first; an account has two active ones, and the last 20 are shown. */
export const keysOfAccountLoader = defineLoader<string, readonly ServiceAccountKeyRecord[]>(
  'iam.service_account.keys',
  async (context, accountIds) => {
    const rows = await context.read((tx) =>
      tx.rows<ServiceAccountKeyRecord>(
        `select k.* from unnest($1::text[]) as account (id) cross join lateral (
           select ${KEY_COLUMNS} from iam.service_account_keys where service_account_id = account.id order by id desc limit 20
         ) k`,
        [accountIds],
      ),
    );
    return accountIds.map((id) => rows.filter((row) => row.serviceAccountId === id));
  },
);

/** Service accounts of a project, newest first; deleted ones are left out. The caller was authorized for the project. */
export async function listServiceAccounts(
  context: RequestContext,
  projectId: string,
  page: PageArguments,
): Promise<Page<ServiceAccountRecord>> {
  return listOf(
    context,
    page,
    (tail, values) => (tx) =>
      tx.rows<ServiceAccountRecord>(
        `select ${ACCOUNT_COLUMNS} from iam.service_accounts where project_id = $1 and state <> 'deleted' and ${tail}`,
        [projectId, ...values],
      ),
  );
}

/** API keys of a project, newest first: everybody's for those who may see them, else the caller's own. */
export async function listApiKeys(
  context: RequestContext,
  filter: { projectId: string; ownerId: string | null },
  page: PageArguments,
): Promise<Page<ApiKeyRecord>> {
  const { projectId, ownerId } = filter;
  return listOf(
    context,
    page,
    (tail, values) => (tx) =>
      tx.rows<ApiKeyRecord>(
        `select ${API_KEY_COLUMNS} from iam.api_keys
       where project_id = $1 ${ownerId === null ? '' : `and owner_id = $${values.length + 2}`} and ${tail}`,
        [projectId, ...values, ...(ownerId === null ? [] : [ownerId])],
      ),
  );
}

async function listOf<Record extends Row>(
  context: RequestContext,
  page: PageArguments,
  query: (tail: string, values: readonly unknown[]) => (tx: Transaction) => Promise<Record[]>,
): Promise<Page<Record>> {
  const request = pageRequest(page);
  const keyset = keysetSql('id', request, { firstParameter: 2 });
  const rows = await context.read(query(`${keyset.condition} ${keyset.tail}`, keyset.values));
  return toPage(request, rows, (row) => [row.id]);
}
