import { z } from 'zod';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { formatDecimal } from '../../../../kernel/money/nano-units.js';
import { budgetThresholdReached } from '../domain/billing-events.js';
import { CURRENCY, accountingMonth } from '../domain/price.js';
import { dueWarnings, noteWarning } from '../store/budget-queries.js';

/** Tells that spend reached a threshold of a budget: once for each threshold, period and amount. */
export const warnOfBudget = defineCommand({
  action: 'billing.budget.warn',
  input: z.object({ budgetId: z.string(), percent: z.int() }),
  scope: async (input, lookup) => {
    const row = await lookup.row<{ organization_id: string; project_id: string | null }>(
      'select organization_id, project_id from billing.budgets where id = $1',
      [input.budgetId],
    );
    if (row === null) return null;
    return row.project_id === null
      ? { level: 'organization', id: row.organization_id, organizationId: row.organization_id }
      : { level: 'project', id: row.project_id, organizationId: row.organization_id };
  },
  async run(context, input) {
    const { tx, now } = context;
    const [warning] = await dueWarnings(tx, { month: accountingMonth(now), limit: 1, ...input });
    if (warning === undefined || !(await noteWarning(tx, warning, now))) {
      return refuse('INVALID_STATE', 'The threshold is not reached, or was told before.');
    }
    context.describe({ type: 'Budget', id: input.budgetId }, { percent: input.percent, period: warning.period });
    context.emit(budgetThresholdReached, {
      subjectId: input.budgetId,
      scope: context.scope,
      data: {
        percent: input.percent,
        spent: formatDecimal(BigInt(warning.spentNanos)),
        limit: formatDecimal(warning.amountNanos),
        currency: CURRENCY,
        period: warning.period,
      },
    });
    return accept({ budgetId: input.budgetId });
  },
});
