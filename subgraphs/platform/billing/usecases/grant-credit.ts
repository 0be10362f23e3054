import { z } from 'zod';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { formatDecimal } from '../../../../kernel/money/nano-units.js';
import type { Directory } from '../../iam/index.js';
import { balanceCredited } from '../domain/billing-events.js';
import { CURRENCY } from '../domain/price.js';
import { creditStatement } from '../store/credit-statements.js';
import { billingAccountId } from './billing-account-id.js';
import { positiveAmount, reason } from './money-input.js';
import { moveToStanding } from './move-standing.js';
import type { BalanceDependencies } from './read-balance.js';

/** Credit that nobody paid for: used before prepaid money, by priority, and gone when it expires. */
export function createGrantCredit(deps: BalanceDependencies & { directory: Directory }) {
  return defineCommand({
    action: 'billing.credit.grant',
    input: z.object({
      organizationId: z.string(),
      amount: positiveAmount,
      priority: z.int().min(0, 'must be from 0 to 100').max(100, 'must be from 0 to 100').default(50),
      expiresAt: z.date().optional(),
      reason,
      idempotencyKey,
    }),
    scope: async (input) => (await deps.directory.organization(input.organizationId))?.scope ?? null,
    async run(context, input) {
      const { organizationId } = input;
      const expiresAt = input.expiresAt ?? null;
      if (expiresAt !== null && expiresAt <= context.now) {
        return refuse('INVALID_INPUT', 'A grant cannot expire before it begins.', { field: ['input', 'expiresAt'] });
      }
      const transferId = newId('ltr');
      await creditStatement(context.tx, {
        transferId,
        organizationId,
        amountNanos: input.amount,
        reference: null,
        grant: { priority: input.priority, expiresAt },
        actorId: context.actor.id,
        correlationId: context.correlationId,
        now: context.now,
      });
      const amount = formatDecimal(input.amount);
      context.describe(
        { type: 'BillingAccount', id: billingAccountId(organizationId) },
        { amount, reason: input.reason, transferId },
      );
      context.emit(balanceCredited, {
        subjectId: billingAccountId(organizationId),
        scope: context.scope,
        data: { amount, currency: CURRENCY, source: 'grant', transferId },
      });
      await moveToStanding(deps, context, organizationId);
      return accept({ organizationId, transferId });
    },
  });
}
