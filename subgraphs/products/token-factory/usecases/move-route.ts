import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import type { Prices } from '../../../platform/billing/index.js';
import { type RouteEvent, routeLifecycle } from '../domain/route-lifecycle.js';
import { routeStateChanged } from '../domain/token-factory-events.js';
import { ModelRouteEntity } from '../store/token-factory-entities.js';
import type { RouteDependencies } from './create-route.js';
import { requirePrices } from './require-prices.js';
import { routeScope } from './route-scope.js';

const input = z.object({
  id: z.string(),
  reason: z.string().trim().max(1000, 'must have at most 1000 characters').optional(),
  idempotencyKey,
});

/** Activates, disables or retires a route. Activation demands a price for every model behind it; retiring frees its name and quota. */
export function createMoveRoute(
  event: RouteEvent,
  deps: RouteDependencies & { prices: Prices },
): Command<typeof input, { id: string }> {
  return defineCommand({
    action: `token_factory.route.${event}`,
    input,
    scope: (input, lookup) => routeScope(deps.directory, input.id, lookup),
    async run(context, input) {
      const { tx, scope } = context;
      const route = await tx.em.findOne(ModelRouteEntity, { id: input.id });
      if (route === null) return refuse('NOT_FOUND', `There is no route ${input.id}.`, { field: ['input', 'id'] });
      const from = route.state;
      const to = routeLifecycle.next(from, event);
      if (to === null) {
        return refuse('INVALID_STATE', `A route that is ${from} cannot be ${event}d.`, {
          field: ['input', 'id'],
          details: { state: from, availableActions: routeLifecycle.available(from) },
        });
      }
      if (to === 'active') {
        const priced = await requirePrices(tx, deps.prices, route);
        if (!priced.ok) return priced;
      }
      if (to === 'retired') await deps.quotas.release(tx, route.id);
      const reason = input.reason ?? null;
      Object.assign(route, { state: to, stateReason: reason, stateChangedAt: context.now });
      context.describe({ type: 'ModelRoute', id: input.id }, { from, to });
      context.emit(routeStateChanged, { subjectId: input.id, scope, data: { from, to, reason } });
      return accept({ id: input.id });
    },
  });
}
