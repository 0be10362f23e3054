import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type RequestContext, defineLoader } from '../../../../kernel/graphql/request-context.js';
import { accountingMonth } from '../domain/price.js';

export interface BudgetRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string;
  readonly projectId: string | null;
  readonly period: 'month' | 'total';
  readonly amountNanos: bigint;
  readonly currency: string;
  readonly warnPercents: number[];
  readonly isHardStop: boolean;
  readonly spentNanos: string;
  readonly heldNanos: string;
  readonly updatedAt: Date;
}

const BUDGET = `b.id, b.organization_id as "organizationId", b.project_id as "projectId", b.period, b.amount_nanos as "amountNanos",
  b.currency, b.warn_percents as "warnPercents", b.is_hard_stop as "isHardStop", s.spent::text as "spentNanos", s.held::text as "heldNanos",
  b.updated_at as "updatedAt"`;

export const READ_BUDGET = 'billing.budget.read';

export function canReadBudget(context: RequestContext, row: BudgetRecord): Promise<boolean> {
  const { organizationId, projectId } = row;
  return context.can(
    READ_BUDGET,
    projectId === null
      ? { level: 'organization', id: organizationId, organizationId }
      : { level: 'project', id: projectId, organizationId },
  );
}

export const budgetLoader = defineLoader<string, BudgetRecord>('billing.budget', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<BudgetRecord>(
      `select ${BUDGET} from billing.budgets b cross join lateral billing.budget_spend(b, $2) s where b.id = any ($1)`,
      [ids, accountingMonth(new Date())],
    ),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return Promise.all(
    ids.map(async (id) => {
      const row = byId.get(id);
      return row !== undefined && (await canReadBudget(context, row)) ? row : null;
    }),
  );
});

/** Budgets by the scope they are of: an organization's own, or a project's. At most two each. */
export const budgetsOfScopeLoader = defineLoader<string, BudgetRecord[]>(
  'billing.budgets_of_scope',
  async (context, scopeIds) => {
    const rows = await context.read((tx) =>
      tx.rows<BudgetRecord>(
        `select ${BUDGET} from billing.budgets b cross join lateral billing.budget_spend(b, $2) s
       where coalesce(b.project_id, b.organization_id) = any ($1) order by b.period`,
        [scopeIds, accountingMonth(new Date())],
      ),
    );
    const visible = await Promise.all(rows.map((row) => canReadBudget(context, row)));
    const shown = rows.filter((_row, index) => visible[index]);
    return scopeIds.map((id) => shown.filter((row) => (row.projectId ?? row.organizationId) === id));
  },
);

export interface DueWarning {
  readonly [column: string]: unknown;
  readonly budgetId: string;
  readonly organizationId: string;
  readonly projectId: string | null;
  readonly percent: number;
  readonly period: string;
  readonly spentNanos: string;
  readonly amountNanos: bigint;
}

/** Thresholds that spend has reached and that nobody was told of in this period, under the amount the budget has now. */
export async function dueWarnings(
  tx: Transaction,
  request: { month: string; limit: number; budgetId?: string; percent?: number },
): Promise<DueWarning[]> {
  return tx.rows<DueWarning>(
    `select b.id as "budgetId", b.organization_id as "organizationId", b.project_id as "projectId", percent, label as period,
       s.spent::text as "spentNanos", b.amount_nanos as "amountNanos"
     from billing.budgets b cross join lateral billing.budget_spend(b, $1) s cross join unnest(b.warn_percents) as w (percent)
       cross join lateral (select case b.period when 'month' then $1 else 'total' end as label) l
     where s.spent > 0 and s.spent * 100 >= b.amount_nanos::numeric * percent
       and ($3::text is null or b.id = $3) and ($4::integer is null or percent = $4)
       and not exists (select from billing.budget_notices n
         where n.budget_id = b.id and n.period = label and n.percent = w.percent and n.amount_nanos = b.amount_nanos)
     order by b.id, percent limit $2`,
    [request.month, request.limit, request.budgetId ?? null, request.percent ?? null],
  );
}

export async function noteWarning(tx: Transaction, warning: DueWarning, now: Date): Promise<boolean> {
  const count = await tx.execute(
    `insert into billing.budget_notices (budget_id, organization_id, period, percent, amount_nanos, noticed_at)
     values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [warning.budgetId, warning.organizationId, warning.period, warning.percent, warning.amountNanos, now],
  );
  return count === 1;
}
