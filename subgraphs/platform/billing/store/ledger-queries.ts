import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type RequestContext, defineLoader } from '../../../../kernel/graphql/request-context.js';
import {
  type Page,
  type PageArguments,
  type PageRequest,
  keysetSql,
  pageRequest,
  toPage,
} from '../../../../kernel/paging/keyset.js';
import { READ_USAGE } from './usage-queries.js';

export interface TransferRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string;
  readonly projectId: string | null;
  readonly kind: 'single' | 'pending' | 'post' | 'void';
  readonly code: string;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amountNanos: bigint;
  readonly pendingId: string | null;
  readonly usageId: string | null;
  readonly correctsId: string | null;
  readonly reference: string | null;
  readonly actorId: string | null;
  readonly correlationId: string | null;
  readonly createdAt: Date;
}

const COLUMNS = `t.id, t.organization_id as "organizationId", t.project_id as "projectId", t.kind, t.code, t.debit_account_id as "debitAccountId",
  t.credit_account_id as "creditAccountId", t.amount_nanos as "amountNanos", t.pending_id as "pendingId", t.usage_id as "usageId",
  t.corrects_id as "correctsId", t.reference, t.actor_id as "actorId", t.correlation_id as "correlationId", t.created_at as "createdAt"`;

export const READ_ACCOUNT = 'billing.account.read';

/** Who reads the account reads its ledger; who reads a project's usage reads that project's transfers. */
export async function canReadTransfer(
  context: RequestContext,
  row: { organizationId: string; projectId: string | null },
): Promise<boolean> {
  const { organizationId, projectId } = row;
  if (await context.can(READ_ACCOUNT, { level: 'organization', id: organizationId, organizationId })) return true;
  return projectId !== null && context.can(READ_USAGE, { level: 'project', id: projectId, organizationId });
}

async function visibleOnly(context: RequestContext, rows: readonly TransferRow[]): Promise<TransferRow[]> {
  const visible = await Promise.all(rows.map((row) => canReadTransfer(context, row)));
  return rows.filter((_row, index) => visible[index]);
}

export const transferLoader = defineLoader<string, TransferRow>('billing.transfer', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<TransferRow>(`select ${COLUMNS} from billing.transfers t where t.id = any ($1)`, [ids]),
  );
  const byId = new Map((await visibleOnly(context, rows)).map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

/** Transfers of usage records: what each was paid with. */
export const transfersOfUsageLoader = defineLoader<string, TransferRow[]>(
  'billing.transfers_of_usage',
  async (context, ids) => {
    const rows = await context.read((tx) =>
      tx.rows<TransferRow>(`select ${COLUMNS} from billing.transfers t where t.usage_id = any ($1) order by t.id`, [
        ids,
      ]),
    );
    const groups = Map.groupBy(await visibleOnly(context, rows), (row) => row.usageId ?? '');
    return ids.map((id) => groups.get(id) ?? []);
  },
);

/** All transfers of an organization, newest first. The caller's access was checked. */
export async function listTransfers(
  context: RequestContext,
  filter: PageArguments & { organizationId: string; code?: string | undefined },
): Promise<Page<TransferRow>> {
  const request = pageRequest(filter);
  const keyset = keysetSql('t.id', request, { firstParameter: 3 });
  const rows = await context.read((tx) =>
    tx.rows<TransferRow>(
      `select ${COLUMNS} from billing.transfers t
       where t.organization_id = $1 and ($2::text is null or t.code = $2) and ${keyset.condition} ${keyset.tail}`,
      [filter.organizationId, filter.code ?? null, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}

/** The column of usage that names what charges are asked of. */
export const CHARGE_COLUMNS = { allocation: 'allocation_id', appInstance: 'app_instance_id' } as const;
export type ChargesOf = keyof typeof CHARGE_COLUMNS;

export function chargesKey(of: ChargesOf, id: string, page: PageArguments): string {
  return JSON.stringify([of, page.first ?? null, page.after ?? null, page.last ?? null, page.before ?? null, id]);
}

/** Charges of many resources, a page of each; one statement for all that ask for the same page. Null where nothing may be read. */
export const chargesLoader = defineLoader<string, Page<TransferRow>>('billing.charges', async (context, keys) => {
  const groups = Map.groupBy(keys, (key) => JSON.stringify((JSON.parse(key) as unknown[]).slice(0, 5)));
  const pages = new Map<string, Page<TransferRow>>();
  for (const [prefix, group] of groups) {
    const [of, first, after, last, before] = JSON.parse(prefix) as [
      ChargesOf,
      number | null,
      string | null,
      number | null,
      string | null,
    ];
    const request = pageRequest({ first, after, last, before });
    const ids = group.map((key) => String((JSON.parse(key) as unknown[])[5]));
    const rows = await context.read((tx) => chargeRows(tx, { of, ids, request }));
    const visible = new Map(Map.groupBy(await visibleOnly(context, rows), (row) => String(row['ownerId'])));
    for (const [index, key] of group.entries()) {
      const own = visible.get(ids[index] ?? '');
      if (own !== undefined)
        pages.set(
          key,
          toPage(request, own, (row) => [row.id]),
        );
    }
  }
  return keys.map((key) => pages.get(key) ?? null);
});

async function chargeRows(
  tx: Transaction,
  query: { of: ChargesOf; ids: readonly string[]; request: PageRequest },
): Promise<TransferRow[]> {
  const keyset = keysetSql('t.id', query.request, { firstParameter: 2 });
  return tx.rows<TransferRow>(
    `select owner.id as "ownerId", charge.* from unnest($1::text[]) as owner (id) cross join lateral (
       select ${COLUMNS} from billing.usage_records u join billing.transfers t on t.usage_id = u.id
       where u.${CHARGE_COLUMNS[query.of]} = owner.id and ${keyset.condition} ${keyset.tail}
     ) charge`,
    [query.ids, ...keyset.values],
  );
}
