import { z } from 'zod';
import type { Scope } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { formatDecimal } from '../../../../kernel/money/nano-units.js';
import type { Directory } from '../../iam/index.js';
import { budgetSet } from '../domain/billing-events.js';
import { CURRENCY } from '../domain/price.js';
import { BudgetEntity } from '../store/billing-entities.js';
import { amountOrZero } from './money-input.js';

async function scopeOf(
  directory: Directory,
  input: { organizationId?: string | undefined; projectId?: string | undefined },
): Promise<Scope | null> {
  if (input.projectId !== undefined) return (await directory.project(input.projectId))?.scope ?? null;
  return (await directory.organization(input.organizationId ?? ''))?.scope ?? null;
}

/**
 * Sets what an organization or a project may spend, in each calendar month or in all. Spend and held money count from
 * the ledger itself, so setting a budget resets nothing. A hard stop refuses holds; a soft budget only warns.
 */
export function createSetBudget(deps: { directory: Directory }) {
  return defineCommand({
    action: 'billing.budget.set',
    input: z
      .object({
        organizationId: z.string().optional(),
        projectId: z.string().optional(),
        period: z.enum(['month', 'total']).default('month'),
        amount: amountOrZero,
        warnPercents: z
          .array(z.int().min(1, 'must be from 1 to 100').max(100, 'must be from 1 to 100'))
          .max(10, 'must have at most 10')
          .default([50, 80, 100]),
        isHardStop: z.boolean().default(false),
        idempotencyKey,
      })
      .refine((input) => (input.organizationId === undefined) !== (input.projectId === undefined), {
        path: ['projectId'],
        message: 'name either an organization or a project',
      }),
    scope: (input) => scopeOf(deps.directory, input),
    async run(context, input) {
      const { tx, now, scope } = context;
      const organizationId = scope.organizationId ?? '';
      const projectId = scope.level === 'project' ? scope.id : null;
      const terms = {
        amountNanos: input.amount,
        warnPercents: input.warnPercents,
        isHardStop: input.isHardStop,
        updatedAt: now,
      };
      const known = await tx.em.findOne(BudgetEntity, { organizationId, projectId, period: input.period });
      const id = known?.id ?? newId('bdg');
      if (known === null)
        tx.em.create(BudgetEntity, {
          id,
          organizationId,
          projectId,
          period: input.period,
          currency: CURRENCY,
          createdAt: now,
          ...terms,
        });
      else Object.assign(known, terms);
      const facts = { amount: formatDecimal(input.amount), period: input.period, isHardStop: input.isHardStop };
      context.describe({ type: 'Budget', id }, facts);
      context.emit(budgetSet, { subjectId: id, scope, data: { ...facts, currency: CURRENCY } });
      return accept({ id });
    },
  });
}
