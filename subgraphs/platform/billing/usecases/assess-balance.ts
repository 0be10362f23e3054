import { z } from 'zod';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { billingAccountId } from './billing-account-id.js';
import { moveToStanding } from './move-standing.js';
import { type BalanceDependencies, organizationScope } from './read-balance.js';

/** Moves an account to where its balance stands; refused when it stands there. Done by the platform itself. */
export function createAssessBalance(deps: BalanceDependencies) {
  return defineCommand({
    action: 'billing.balance.assess',
    input: z.object({ organizationId: z.string() }),
    scope: (input) => organizationScope(input.organizationId),
    async run(context, { organizationId }) {
      const standing = await moveToStanding(deps, context, organizationId);
      if (standing === null) return refuse('NOT_FOUND', 'The organization has no movement of money yet.');
      const { from, to, balance } = standing;
      if (to === null) return refuse('INVALID_STATE', `The balance is ${from} already.`);
      context.describe({ type: 'BillingAccount', id: billingAccountId(organizationId) }, { from, to, balance });
      return accept({ organizationId, from, to });
    },
  });
}
