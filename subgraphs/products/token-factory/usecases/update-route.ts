import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import type { Prices } from '../../../platform/billing/index.js';
import { routeUpdated } from '../domain/token-factory-events.js';
import { ModelRouteEntity } from '../store/token-factory-entities.js';
import type { RouteDependencies } from './create-route.js';
import { requirePrices } from './require-prices.js';
import { routeScope } from './route-scope.js';
import { replaceTargets, targetsInput } from './route-targets.js';

const input = z.object({
  id: z.string(),
  description: z.string().max(1000, 'must have at most 1000 characters').optional(),
  targets: targetsInput.optional(),
  idempotencyKey,
});

/** Changes where a route leads. Gateways follow within a second; requests under way end on their old target. */
export function createUpdateRoute(deps: RouteDependencies & { prices: Prices }): Command<typeof input, { id: string }> {
  return defineCommand({
    action: 'token_factory.route.update',
    input,
    scope: (input, lookup) => routeScope(deps.directory, input.id, lookup),
    async run(context, input) {
      const { tx, scope } = context;
      const route = await tx.em.findOne(ModelRouteEntity, { id: input.id });
      if (route === null) return refuse('NOT_FOUND', `There is no route ${input.id}.`, { field: ['input', 'id'] });
      if (route.state === 'retired')
        return refuse('INVALID_STATE', 'A retired route does not change.', { details: { state: route.state } });
      if (input.description !== undefined) route.description = input.description;
      if (input.targets !== undefined) {
        const owner = { id: route.id, organizationId: route.organizationId, projectId: route.projectId ?? null };
        const targets = await replaceTargets(context, deps.policies, owner, input.targets);
        if (!targets.ok) return targets;
        const priced = route.state === 'active' ? await requirePrices(tx, deps.prices, route) : null;
        if (priced !== null && !priced.ok) return priced;
      }
      context.describe({ type: 'ModelRoute', id: input.id }, { targets: input.targets?.length ?? null });
      context.emit(routeUpdated, { subjectId: input.id, scope, data: { targets: input.targets?.length ?? 0 } });
      return accept({ id: input.id });
    },
  });
}
