import { z } from 'zod';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { formatDecimal } from '../../../../kernel/money/nano-units.js';
import { transferCorrected } from '../domain/billing-events.js';
import { CURRENCY } from '../domain/price.js';
import { only } from '../store/hold-statements.js';
import { reason } from './money-input.js';
import { moveToStanding } from './move-standing.js';
import { type BalanceDependencies, organizationScope } from './read-balance.js';

const REFUSALS = {
  missing: ['NOT_FOUND', 'There is no such transfer.'],
  not_correctable: ['INVALID_STATE', 'Only a charge can be taken back: usage, or a settlement.'],
  corrected_before: ['INVALID_STATE', 'This charge was taken back before.'],
} as const;

/** Takes a charge back, in full and once, by a transfer that names it. History is never rewritten. */
export function createCorrectTransfer(deps: BalanceDependencies) {
  return defineCommand({
    action: 'billing.transfer.correct',
    input: z.object({ transferId: z.string(), reason, idempotencyKey }),
    scope: async (input, lookup) => {
      const row = await lookup.row<{ organization_id: string }>(
        'select organization_id from billing.transfers where id = $1',
        [input.transferId],
      );
      return row === null ? null : organizationScope(row.organization_id);
    },
    async run(context, input) {
      const { tx, actor, correlationId, now } = context;
      const id = newId('ltr');
      const rows = await tx.rows<{ outcome: 'corrected' | keyof typeof REFUSALS; amount: bigint }>(
        `select billing.correct($1, $2, $3, $4, $5, $6) as outcome, (select amount_nanos from billing.transfers where id = $1) as amount`,
        [input.transferId, id, newId('ltr'), actor.id, correlationId, now],
      );
      const { outcome, amount } = only(rows);
      if (outcome !== 'corrected') {
        const [code, message] = REFUSALS[outcome];
        return refuse(code, message, { field: ['input', 'transferId'] });
      }
      context.describe({ type: 'LedgerTransfer', id }, { correctsId: input.transferId, reason: input.reason });
      context.emit(transferCorrected, {
        subjectId: id,
        scope: context.scope,
        data: { correctsId: input.transferId, amount: formatDecimal(amount), currency: CURRENCY, reason: input.reason },
      });
      await moveToStanding(deps, context, context.scope.id);
      return accept({ id });
    },
  });
}
