import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { type Refused, accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import type { PolicyDefinition, Registry } from '../../../registry/index.js';
import { policyChanged } from '../../domain/iam-events.js';
import {
  type PolicyPrimitive,
  type PolicySetting,
  boundFault,
  boundsUnder,
  typeFault,
} from '../../domain/policy-bounds.js';
import { PolicyValueEntity } from '../../store/entities/access-entities.js';
import { policySettings } from '../../store/policy-queries.js';
import { findScope } from '../find-scope.js';

const policyInput = z.object({
  scopeId: z.string(),
  key: z.string(),
  value: z.union([z.string().max(4000), z.number(), z.boolean(), z.array(z.string().max(400)).max(200)]),
  /** Bounds for every scope below; they can only be narrower than those from above. */
  minimum: z.number().nullable().default(null),
  maximum: z.number().nullable().default(null),
  allowedValues: z.array(z.string()).max(200).nullable().default(null),
  isDenied: z.boolean().default(false),
  idempotencyKey,
});

/** Sets what a scope says about a policy. Refuses unknown keys, wrong types, and what lies outside the bounds from above. */
export function createSetPolicyValue(registry: Registry) {
  return defineCommand({
    action: 'iam.policy.set',
    input: policyInput,
    scope: (input, lookup) => findScope(lookup, input.scopeId),
    async run(context, input) {
      const { tx, scope, now, actor } = context;
      const definition = registry.policyDefinition(input.key);
      if (definition === null)
        return refuse('NOT_REGISTERED', `"${input.key}" is not a defined policy.`, { field: ['input', 'key'] });
      const [settings = []] = await policySettings(tx, input.key, [scope]);
      const fault = refuseFault(
        definition,
        input,
        settings.filter((setting) => setting.scope.id !== scope.id),
      );
      if (fault !== null) return fault;
      const { scopeId, key, value, minimum, maximum, allowedValues, isDenied } = input;
      const facts = { value, minimum, maximum, allowedValues, isDenied, changedAt: now, changedBy: actor.id };
      const known = await tx.em.findOne(PolicyValueEntity, { scopeId, key });
      const id = known?.id ?? newId('pol');
      if (known === null)
        tx.em.create(PolicyValueEntity, {
          id,
          organizationId: scope.organizationId,
          scopeLevel: scope.level,
          scopeId,
          key,
          ...facts,
        });
      else Object.assign(known, facts);
      context.describe({ type: 'PolicyValue', id }, { key, scopeId, isDenied });
      context.emit(policyChanged, { subjectId: id, scope, data: { key, scopeLevel: scope.level, scopeId, isDenied } });
      return accept({ id });
    },
  });
}

function refuseFault(
  definition: PolicyDefinition,
  input: {
    value: PolicyPrimitive;
    minimum: number | null;
    maximum: number | null;
    allowedValues: readonly string[] | null;
  },
  ancestors: readonly PolicySetting[],
): Refused | null {
  const wrong = typeFault(definition, input.value);
  if (wrong !== null) return refuse('INVALID_INPUT', `The value ${wrong}.`, { field: ['input', 'value'] });
  const bounds = boundsUnder(definition, ancestors);
  const field = ['input', 'value'];
  const outside = boundFault(input.value, bounds);
  if (outside !== null)
    return refuse('POLICY_BOUND_VIOLATION', `The value ${outside}.`, { field, details: { ...bounds } });
  for (const name of ['minimum', 'maximum'] as const) {
    const bound = input[name];
    const beyond = bound === null ? null : boundFault(bound, bounds);
    if (beyond !== null)
      return refuse('POLICY_BOUND_VIOLATION', `The bound ${beyond}.`, {
        field: ['input', name],
        details: { ...bounds },
      });
  }
  const wider = input.allowedValues === null ? null : boundFault(input.allowedValues, bounds);
  if (wider !== null)
    return refuse('POLICY_BOUND_VIOLATION', `In allowedValues, ${wider}.`, {
      field: ['input', 'allowedValues'],
      details: { ...bounds },
    });
  return null;
}
