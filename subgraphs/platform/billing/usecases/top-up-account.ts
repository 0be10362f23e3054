import { z } from 'zod';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { type Nanos, NANOS_PER_MINOR, formatDecimal } from '../../../../kernel/money/nano-units.js';
import type { Directory, Policies } from '../../iam/index.js';
import { balanceCredited } from '../domain/billing-events.js';
import { CURRENCY } from '../domain/price.js';
import { creditStatement, transferByReference } from '../store/credit-statements.js';
import { billingAccountId } from './billing-account-id.js';
import { positiveAmount } from './money-input.js';
import { moveToStanding } from './move-standing.js';
import { type BalanceDependencies, numberOf } from './read-balance.js';

/**
 * Money comes in: an operator's, or a payment's. A payment names its event and credits once, however often it is
 * delivered; it must lie within the deposit limits.
 */
export function createTopUpAccount(deps: BalanceDependencies & { directory: Directory }) {
  return defineCommand({
    action: 'billing.account.top_up',
    input: z
      .object({
        organizationId: z.string(),
        amount: positiveAmount,
        source: z.enum(['operator', 'payment']).default('operator'),
        reference: z
          .string()
          .trim()
          .min(1, 'must not be empty')
          .max(200, 'must have at most 200 characters')
          .optional(),
        idempotencyKey,
      })
      .refine((input) => input.source === 'operator' || input.reference !== undefined, {
        path: ['reference'],
        message: 'must name the payment, so that it counts once',
      }),
    scope: async (input) => (await deps.directory.organization(input.organizationId))?.scope ?? null,
    async run(context, input) {
      const { tx } = context;
      const { organizationId } = input;
      if (input.source === 'payment') {
        const refused = await outsideLimits(deps.policies, context, input.amount);
        if (refused !== null) return refused;
      }
      const transferId = newId('ltr');
      const reference = input.reference ?? null;
      const isNew = await creditStatement(tx, {
        transferId,
        organizationId,
        amountNanos: input.amount,
        reference,
        grant: null,
        actorId: context.actor.id,
        correlationId: context.correlationId,
        now: context.now,
      });
      if (!isNew) return countedBefore(context, { organizationId, reference: reference ?? '', amount: input.amount });
      context.describe(
        { type: 'BillingAccount', id: billingAccountId(organizationId) },
        { amount: formatDecimal(input.amount), source: input.source, reference },
      );
      context.emit(balanceCredited, {
        subjectId: billingAccountId(organizationId),
        scope: context.scope,
        data: { amount: formatDecimal(input.amount), currency: CURRENCY, source: input.source, transferId },
      });
      await moveToStanding(deps, context, organizationId);
      return accept({ organizationId, transferId });
    },
  });
}

async function outsideLimits(policies: Policies, context: CommandContext, amount: Nanos) {
  const { tx, scope } = context;
  const minimum =
    BigInt(await numberOf(policies, tx, { key: 'billing.minimum_deposit_minor', scope })) * NANOS_PER_MINOR;
  const maximum =
    BigInt(await numberOf(policies, tx, { key: 'billing.maximum_deposit_minor', scope })) * NANOS_PER_MINOR;
  if (amount >= minimum && amount <= maximum) return null;
  const [least, most] = [formatDecimal(minimum), formatDecimal(maximum)];
  return refuse('LIMIT_REACHED', `A deposit is from ${least} to ${most}.`, {
    field: ['input', 'amount'],
    details: { minimum: least, maximum: most },
  });
}

async function countedBefore(
  context: CommandContext,
  request: { organizationId: string; reference: string; amount: Nanos },
): Promise<Outcome<{ organizationId: string; transferId: string }>> {
  const { organizationId, reference } = request;
  const first = await transferByReference(context.tx, { organizationId, code: 'top_up', reference });
  if (first === null || first.amountNanos !== request.amount) {
    return refuse('IDEMPOTENCY_CONFLICT', 'This payment was credited before, with another amount.', {
      field: ['input', 'reference'],
    });
  }
  context.describe(
    { type: 'BillingAccount', id: billingAccountId(organizationId) },
    { reference, creditedBefore: first.id },
  );
  return accept({ organizationId, transferId: first.id });
}
