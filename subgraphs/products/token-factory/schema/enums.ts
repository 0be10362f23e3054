import { registerEnumType } from 'type-graphql';

export enum ModelModality {
  TEXT = 'text',
  EMBEDDING = 'embedding',
}
registerEnumType(ModelModality, {
  name: 'ModelModality',
  description: 'What a model makes.',
  valuesConfig: {
    TEXT: { description: 'Text: chat and plain completions.' },
    EMBEDDING: { description: 'Vectors of texts.' },
  },
});

export enum ModelTokenizer {
  BUILTIN_WORDS = 'builtin_words',
  UTF8_BYTES = 'utf8_bytes',
}
registerEnumType(ModelTokenizer, {
  name: 'ModelTokenizer',
  description: 'How tokens are counted where the provider does not say.',
  valuesConfig: {
    BUILTIN_WORDS: {
      description:
        'Exact: pieces of at most twelve characters with the white space before them; four more for each message.',
    },
    UTF8_BYTES: {
      description: 'An upper bound: one token for each byte. Holds use it; charges use what the provider reports.',
    },
  },
});

export enum ProviderKindEnum {
  BUILTIN = 'builtin',
  OPENAI_COMPATIBLE = 'openai_compatible',
}
registerEnumType(ProviderKindEnum, {
  name: 'ProviderKind',
  description: 'How a provider is spoken to.',
  valuesConfig: {
    BUILTIN: { description: 'The deterministic model inside the platform; no network.' },
    OPENAI_COMPATIBLE: { description: 'A server with an OpenAI-compatible API.' },
  },
});

export enum ProviderHealthEnum {
  HEALTHY = 'healthy',
  DEGRADED = 'degraded',
  DOWN = 'down',
}
registerEnumType(ProviderHealthEnum, {
  name: 'ProviderHealth',
  description: 'How calls to a provider have gone lately.',
  valuesConfig: {
    HEALTHY: { description: 'Calls succeed.' },
    DEGRADED: { description: 'At least a fifth of the last calls failed.' },
    DOWN: { description: 'Calls fail; it is tried again every few seconds, and other targets serve meanwhile.' },
  },
});

export enum ModelRouteStateEnum {
  DRAFT = 'draft',
  ACTIVE = 'active',
  DISABLED = 'disabled',
  RETIRED = 'retired',
}
registerEnumType(ModelRouteStateEnum, {
  name: 'ModelRouteState',
  description: 'Where a route stands.',
  valuesConfig: {
    DRAFT: { description: 'Being prepared; clients do not see it.' },
    ACTIVE: { description: 'Clients may name it as `model`.' },
    DISABLED: { description: 'Switched off; may be activated again.' },
    RETIRED: { description: 'Gone for ever; its name is free, its history stays.' },
  },
});

export enum ModelRouteAction {
  ACTIVATE = 'activate',
  DISABLE = 'disable',
  RETIRE = 'retire',
}
registerEnumType(ModelRouteAction, {
  name: 'ModelRouteAction',
  description: 'What can be done with a route.',
  valuesConfig: {
    ACTIVATE: { description: 'Let clients use it.' },
    DISABLE: { description: 'Switch it off.' },
    RETIRE: { description: 'End it for ever.' },
  },
});

export enum ModelRequestResult {
  SUCCEEDED = 'succeeded',
  FAILED = 'failed',
  CANCELLED = 'cancelled',
  REFUSED = 'refused',
}
registerEnumType(ModelRequestResult, {
  name: 'ModelRequestResult',
  description: 'How a request ended.',
  valuesConfig: {
    SUCCEEDED: { description: 'Answered in full.' },
    FAILED: { description: 'No provider answered, or one broke off; only what was delivered is charged.' },
    CANCELLED: { description: 'The client left; only what was delivered is charged.' },
    REFUSED: { description: 'Never started.' },
  },
});

export enum UsageProvenance {
  PROVIDER_REPORTED = 'PROVIDER_REPORTED',
  GATEWAY_COUNTED = 'GATEWAY_COUNTED',
  ESTIMATED = 'ESTIMATED',
}
registerEnumType(UsageProvenance, {
  name: 'UsageProvenance',
  description: 'Where the count of tokens comes from.',
  valuesConfig: {
    PROVIDER_REPORTED: { description: 'The provider said so.' },
    GATEWAY_COUNTED: { description: 'Counted exactly by the gateway.' },
    ESTIMATED: { description: 'Counted by the gateway, the prompt by its size.' },
  },
});
