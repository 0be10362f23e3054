import { z } from 'zod';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { accept } from '../../../../kernel/errors/refusal.js';
import { formatDecimal } from '../../../../kernel/money/nano-units.js';
import { expireGrant } from '../store/credit-statements.js';
import { organizationScope } from './read-balance.js';
import { billingAccountId } from './billing-account-id.js';

/** What an expired grant has left goes to breakage. What is held from it stays held, and expires when it comes back. */
export const expireCredit = defineCommand({
  action: 'billing.credit.expire',
  input: z.object({ accountId: z.string(), organizationId: z.string() }),
  scope: (input) => organizationScope(input.organizationId),
  async run(context, input) {
    const amountNanos = await expireGrant(context.tx, {
      ...input,
      correlationId: context.correlationId,
      actorId: context.actor.id,
      now: context.now,
    });
    context.describe(
      { type: 'BillingAccount', id: billingAccountId(input.organizationId) },
      { grant: input.accountId, amount: formatDecimal(amountNanos) },
    );
    return accept({ amount: formatDecimal(amountNanos) });
  },
});
