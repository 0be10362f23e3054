import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { endpointCreated } from '../domain/token-factory-events.js';
import { ModelEndpointEntity, ModelEntity, ProviderAccountEntity } from '../store/token-factory-entities.js';

/** Says that a provider serves a model, and under which name. Endpoints of app instances come by themselves. */
export const createEndpoint = defineCommand({
  action: 'token_factory.endpoint.create',
  input: z.object({
    providerAccountId: z.string(),
    modelId: z.string(),
    upstreamModel: z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters'),
    idempotencyKey,
  }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const { em } = context.tx;
    const provider = await em.findOne(ProviderAccountEntity, { id: input.providerAccountId });
    if (provider === null) {
      return refuse('NOT_FOUND', `There is no provider account ${input.providerAccountId}.`, {
        field: ['input', 'providerAccountId'],
      });
    }
    if ((await em.findOne(ModelEntity, { id: input.modelId })) === null) {
      return refuse('NOT_FOUND', `There is no model ${input.modelId}.`, { field: ['input', 'modelId'] });
    }
    const { providerAccountId, modelId, upstreamModel } = input;
    if ((await em.findOne(ModelEndpointEntity, { providerAccountId, modelId, upstreamModel })) !== null) {
      return refuse('ALREADY_EXISTS', 'This provider has this endpoint already.', {
        field: ['input', 'upstreamModel'],
      });
    }
    const id = newId('mep');
    em.create(ModelEndpointEntity, {
      id,
      modelId,
      providerAccountId,
      upstreamModel,
      organizationId: null,
      projectId: null,
      appInstanceId: null,
      appEndpointName: null,
      baseUrl: null,
      isEnabled: true,
      isReady: true,
      readinessReason: null,
      createdAt: context.now,
    });
    context.describe({ type: 'ModelEndpoint', id }, { modelId, providerAccountId });
    context.emit(endpointCreated, {
      subjectId: id,
      scope: PLATFORM_SCOPE,
      data: { modelId, providerAccountId, appInstanceId: null },
    });
    return accept({ id });
  },
});
