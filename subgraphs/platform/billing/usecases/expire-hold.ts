import { z } from 'zod';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { formatDecimal } from '../../../../kernel/money/nano-units.js';
import { holdExpired } from '../domain/billing-events.js';
import { CURRENCY } from '../domain/price.js';
import { releaseStatement } from '../store/hold-statements.js';
import { billingAccountId } from './billing-account-id.js';

/** Gives back a hold that nobody settled or voided in its time: held money comes back whatever crashed. */
export const expireHold = defineCommand({
  action: 'billing.hold.expire',
  input: z.object({ reference: z.string() }),
  scope: async (input, lookup) => {
    const row = await lookup.row<{ organization_id: string; project_id: string }>(
      'select organization_id, project_id from billing.holds where reference = $1',
      [input.reference],
    );
    return row === null ? null : { level: 'project', id: row.project_id, organizationId: row.organization_id };
  },
  async run(context, { reference }) {
    const hold = await context.tx.row<{
      id: string;
      organization_id: string;
      amount_nanos: bigint;
      state_deadline_at: Date;
    }>('select id, organization_id, state_deadline_at from billing.holds where reference = $1', [reference]);
    if (hold === null) return refuse('NOT_FOUND', `Nothing is held under ${reference}.`);
    if (hold.state_deadline_at > context.now) return refuse('INVALID_STATE', 'The hold has time left.');
    const givenBack = await releaseStatement(context.tx, {
      reference,
      state: 'expired',
      reason: 'not settled in time',
      now: context.now,
    });
    if (givenBack === null) return refuse('INVALID_STATE', 'The hold is closed already.');
    context.describe(
      { type: 'BillingAccount', id: billingAccountId(hold.organization_id) },
      { holdId: hold.id, reference },
    );
    context.emit(holdExpired, {
      subjectId: billingAccountId(hold.organization_id),
      scope: context.scope,
      data: { holdId: hold.id, reference, amount: formatDecimal(givenBack), currency: CURRENCY },
    });
    return accept({ holdId: hold.id });
  },
});
