import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { Directory, Policies, Quotas } from '../../../platform/iam/index.js';
import { routeCreated } from '../domain/token-factory-events.js';
import { ModelRouteEntity } from '../store/token-factory-entities.js';
import { ownerScope } from './route-scope.js';
import { replaceTargets, targetsInput } from './route-targets.js';

/** Quota dimension: routes of a project that are not retired. */
export const ROUTES_DIMENSION = 'model_routes';

const input = z
  .object({
    projectId: z.string().optional(),
    organizationId: z.string().optional(),
    name: z
      .string()
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/,
        'must be 1 to 128 letters, digits, ".", "_", ":", "/" or "-", and begin with a letter or digit',
      ),
    description: z.string().max(1000, 'must have at most 1000 characters').default(''),
    targets: targetsInput,
    idempotencyKey,
  })
  .refine((value) => (value.projectId === undefined) !== (value.organizationId === undefined), {
    message: 'name either a project or an organization',
    path: ['projectId'],
  });

export interface RouteDependencies {
  readonly directory: Directory;
  readonly policies: Policies;
  readonly quotas: Quotas;
}

/** Creates a route as a draft. Its name is what clients send as `model`; a project's route hides its organization's of the same name. */
export function createCreateRoute(deps: RouteDependencies): Command<typeof input, { id: string }> {
  return defineCommand({
    action: 'token_factory.route.create',
    input,
    scope: (input) => ownerScope(deps.directory, input),
    async run(context, input) {
      const { tx, scope } = context;
      const organizationId = scope.organizationId ?? '';
      const place = input.projectId === undefined ? null : await deps.directory.project(input.projectId);
      if (place !== null && !place.isActive)
        return refuse('INVALID_STATE', 'The project is archived.', { field: ['input', 'projectId'] });
      const projectId = place?.projectId ?? null;
      const taken = await tx.row(
        `select 1 as one from token_factory.model_routes
         where organization_id = $1 and project_id is not distinct from $2 and name = $3 and state <> 'retired'`,
        [organizationId, projectId, input.name],
      );
      if (taken !== null)
        return refuse('ALREADY_EXISTS', `There is a route with the name ${input.name}.`, { field: ['input', 'name'] });
      const id = newId('mrt');
      if (projectId !== null) {
        const held = await deps.quotas.hold(tx, {
          projectId,
          principalId: context.actor.id,
          dimension: ROUTES_DIMENSION,
          amount: 1n,
          reference: id,
          ttlSeconds: 60,
        });
        if (!held.ok) return held;
        const committed = await deps.quotas.commit(tx, id, ROUTES_DIMENSION);
        if (!committed.ok) return committed;
      }
      tx.em.create(ModelRouteEntity, {
        id,
        organizationId,
        departmentId: place?.departmentId ?? null,
        projectId,
        name: input.name,
        description: input.description,
        state: 'draft',
        stateReason: null,
        stateChangedAt: context.now,
        createdBy: context.actor.id,
        createdAt: context.now,
      });
      const targets = await replaceTargets(context, deps.policies, { id, organizationId, projectId }, input.targets);
      if (!targets.ok) return targets;
      context.describe({ type: 'ModelRoute', id }, { name: input.name, targets: input.targets.length });
      context.emit(routeCreated, { subjectId: id, scope, data: { name: input.name } });
      return accept({ id });
    },
  });
}
