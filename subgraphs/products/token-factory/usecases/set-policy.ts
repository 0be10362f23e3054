import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { isTypeId, newId } from '../../../../kernel/identifiers/type-id.js';
import type { Directory } from '../../../platform/iam/index.js';
import { policySet } from '../domain/token-factory-events.js';
import { ModelPolicyEntity } from '../store/token-factory-entities.js';
import { ownerScope } from './route-scope.js';

const limit = z
  .int()
  .min(0, 'must not be negative')
  .max(2_000_000_000, 'must be at most 2000000000')
  .nullable()
  .default(null);

const input = z.object({
  projectId: z.string(),
  apiKeyId: z
    .string()
    .refine((id) => isTypeId(id, 'apk'), 'must be the id of an API key')
    .nullable()
    .default(null),
  allowedModels: z.array(z.string()).max(200, 'must name at most 200 models').nullable().default(null),
  requestsPerMinute: limit,
  tokensPerMinute: limit,
  maxInputTokens: limit,
  maxOutputTokens: limit,
  idempotencyKey,
});

/**
 * Sets the limits of a project, or of one of its API keys, as a whole: null means no limit. Both apply to a request that
 * comes with a key. The allow-list names models (not routes), so that another route is no way around it; empty allows none.
 */
export function createSetPolicy(deps: { directory: Directory }): Command<typeof input, { id: string }> {
  return defineCommand({
    action: 'token_factory.policy.set',
    input,
    scope: (input) => ownerScope(deps.directory, { projectId: input.projectId }),
    async run(context, input) {
      const { tx, scope } = context;
      const place = await deps.directory.project(input.projectId);
      if (place === null)
        return refuse('NOT_FOUND', `There is no project ${input.projectId}.`, { field: ['input', 'projectId'] });
      if (input.apiKeyId !== null && (await deps.directory.projectOfApiKey(tx, input.apiKeyId)) !== input.projectId) {
        return refuse('NOT_FOUND', `The project has no API key ${input.apiKeyId}.`, { field: ['input', 'apiKeyId'] });
      }
      const unknown = await tx.rows<{ slug: string }>(
        'select slug from unnest($1::text[]) as slug where not exists (select from token_factory.models m where m.slug = slug.slug)',
        [input.allowedModels ?? []],
      );
      if (unknown.length > 0) {
        return refuse('NOT_FOUND', `There are no models ${unknown.map((row) => row.slug).join(', ')}.`, {
          field: ['input', 'allowedModels'],
        });
      }
      const { idempotencyKey: _key, ...values } = input;
      const known = await tx.em.findOne(ModelPolicyEntity, { projectId: input.projectId, apiKeyId: input.apiKeyId });
      const id = known?.id ?? newId('mpl');
      if (known !== null) Object.assign(known, values, { updatedAt: context.now });
      else {
        tx.em.create(ModelPolicyEntity, {
          id,
          ...values,
          organizationId: place.organizationId,
          departmentId: place.departmentId,
          updatedAt: context.now,
        });
      }
      context.describe({ type: 'ModelPolicy', id }, { apiKeyId: input.apiKeyId });
      context.emit(policySet, { subjectId: id, scope, data: { projectId: input.projectId, apiKeyId: input.apiKeyId } });
      return accept({ id });
    },
  });
}
