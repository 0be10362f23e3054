import { z } from 'zod';
import type { CommandContext } from '../../../../kernel/commands/command.js';
import { type Outcome, type Refusal, accept, refuse, refuseAll } from '../../../../kernel/errors/refusal.js';
import type { Policies } from '../../../platform/iam/index.js';

const oneTarget = z
  .object({
    endpointId: z.string().optional(),
    modelId: z.string().optional(),
    tier: z.int().min(0, 'must be from 0 to 9').max(9, 'must be from 0 to 9').default(0),
    weight: z.int().min(1, 'must be from 1 to 1000').max(1000, 'must be from 1 to 1000').default(100),
  })
  .refine(
    (target) => (target.endpointId === undefined) !== (target.modelId === undefined),
    'must name either an endpoint or a model',
  );

export const targetsInput = z
  .array(oneTarget)
  .min(1, 'must name at least one target')
  .max(50, 'must name at most 50 targets');
export type TargetInput = z.output<typeof oneTarget>;

/** Policy: how many targets a route may have. */
export const TARGETS_POLICY = 'token_factory.route_targets_max';

/** Replaces the targets of a route. Refuses, all at once, those that do not exist or belong to another project. */
export async function replaceTargets(
  context: CommandContext,
  policies: Policies,
  route: { id: string; organizationId: string; projectId: string | null },
  targets: readonly TargetInput[],
): Promise<Outcome<null>> {
  const { tx } = context;
  const limit = await policies.value(tx, TARGETS_POLICY, context.scope);
  if (limit.isDenied || targets.length > Number(limit.value)) {
    return refuse('POLICY_DENIED', `Routes here may have at most ${String(limit.value)} targets.`, {
      field: ['input', 'targets'],
      details: {
        policy: TARGETS_POLICY,
        value: limit.value,
        scope: { level: limit.source.level, id: limit.source.id },
      },
    });
  }
  const known = await tx.rows<{ id: string }>(
    `select id from token_factory.model_endpoints where id = any ($1) and (organization_id is null or project_id = $3)
     union all select id from token_factory.models where id = any ($2)`,
    [
      targets.flatMap((target) => target.endpointId ?? []),
      targets.flatMap((target) => target.modelId ?? []),
      route.projectId,
    ],
  );
  const ids = new Set(known.map((row) => row.id));
  const faults = targets.flatMap((target, index): Refusal[] => {
    const id = target.endpointId ?? target.modelId ?? '';
    if (ids.has(id)) return [];
    const name = target.endpointId === undefined ? 'modelId' : 'endpointId';
    return [
      {
        code: 'NOT_FOUND',
        message: `input.targets.${index}: there is no ${id} that this route may use.`,
        field: ['input', 'targets', String(index), name],
      },
    ];
  });
  if (faults.length > 0) return refuseAll(faults);
  await tx.em.flush();
  await tx.execute('delete from token_factory.route_targets where route_id = $1', [route.id]);
  await tx.execute(
    `insert into token_factory.route_targets (route_id, position, organization_id, tier, weight, endpoint_id, model_id)
     select $1, ordinality - 1, $2, tier, weight, endpoint_id, model_id
     from unnest($3::int[], $4::int[], $5::text[], $6::text[]) with ordinality as t (tier, weight, endpoint_id, model_id, ordinality)`,
    [
      route.id,
      route.organizationId,
      targets.map((target) => target.tier),
      targets.map((target) => target.weight),
      targets.map((target) => target.endpointId ?? null),
      targets.map((target) => target.modelId ?? null),
    ],
  );
  return accept(null);
}
