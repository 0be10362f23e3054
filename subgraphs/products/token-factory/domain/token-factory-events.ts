import { z } from 'zod';
import { defineEvent } from '../../../../kernel/events/event-type.js';

export const modelRegistered = defineEvent({
  type: 'token_factory.model.registered',
  subjectType: 'Model',
  description: 'A model was added to the catalogue, or its facts changed.',
  data: z.object({ slug: z.string() }),
});

export const providerCreated = defineEvent({
  type: 'token_factory.provider.created',
  subjectType: 'ProviderAccount',
  description: 'A provider account was added.',
  data: z.object({ name: z.string(), kind: z.string() }),
});

export const providerUpdated = defineEvent({
  type: 'token_factory.provider.updated',
  subjectType: 'ProviderAccount',
  description: 'A provider account was changed, switched on or off, or given another key.',
  data: z.object({ changed: z.array(z.string()) }),
});

export const providerHealthChanged = defineEvent({
  type: 'token_factory.provider.health_changed',
  subjectType: 'ProviderAccount',
  description: 'Calls to a provider began to fail or to succeed again.',
  data: z.object({ from: z.string(), to: z.string(), reason: z.string() }),
});

export const endpointCreated = defineEvent({
  type: 'token_factory.endpoint.created',
  subjectType: 'ModelEndpoint',
  description: 'A place where a model is served became known.',
  data: z.object({
    modelId: z.string().nullable(),
    providerAccountId: z.string().nullable(),
    appInstanceId: z.string().nullable(),
  }),
});

export const endpointReadinessChanged = defineEvent({
  type: 'token_factory.endpoint.readiness_changed',
  subjectType: 'ModelEndpoint',
  description: 'An endpoint became a target of routes, or stopped being one.',
  data: z.object({ isReady: z.boolean(), reason: z.string().nullable() }),
});

export const routeCreated = defineEvent({
  type: 'token_factory.route.created',
  subjectType: 'ModelRoute',
  description: 'A route was created as a draft.',
  data: z.object({ name: z.string() }),
});

export const routeUpdated = defineEvent({
  type: 'token_factory.route.updated',
  subjectType: 'ModelRoute',
  description: 'The targets or the description of a route changed.',
  data: z.object({ targets: z.number().int() }),
});

export const routeStateChanged = defineEvent({
  type: 'token_factory.route.state_changed',
  subjectType: 'ModelRoute',
  description: 'A route was activated, disabled or retired.',
  data: z.object({ from: z.string(), to: z.string(), reason: z.string().nullable() }),
});

export const policySet = defineEvent({
  type: 'token_factory.policy.set',
  subjectType: 'ModelPolicy',
  description: 'The limits of a project or of one of its API keys were set.',
  data: z.object({ projectId: z.string(), apiKeyId: z.string().nullable() }),
});

export const tokenFactoryEvents = [
  modelRegistered,
  providerCreated,
  providerUpdated,
  providerHealthChanged,
  endpointCreated,
  endpointReadinessChanged,
  routeCreated,
  routeUpdated,
  routeStateChanged,
  policySet,
];
