import { defineEntity, p } from '@mikro-orm/core';
import type { ProviderHealth } from '../domain/provider-health.js';
import type { RouteState } from '../domain/route-lifecycle.js';
import type { Tokenizer } from '../domain/tokenizer.js';

const schema = 'token_factory';

export type Modality = 'text' | 'embedding';
export type ProviderKind = 'builtin' | 'openai_compatible';

export const ModelEntity = defineEntity({
  name: 'TokenFactoryModel',
  tableName: 'models',
  schema,
  properties: {
    id: p.text().primary(),
    slug: p.text(),
    title: p.text(),
    modality: p.text().$type<Modality>(),
    contextWindowTokens: p.integer(),
    maxOutputTokens: p.integer(),
    tokenizer: p.text().$type<Tokenizer>(),
    aliases: p.array(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const ProviderAccountEntity = defineEntity({
  name: 'TokenFactoryProviderAccount',
  tableName: 'provider_accounts',
  schema,
  properties: {
    id: p.text().primary(),
    name: p.text(),
    kind: p.text().$type<ProviderKind>(),
    baseUrl: p.text().nullable(),
    secretId: p.text().nullable(),
    isEnabled: p.boolean(),
    health: p.text().$type<ProviderHealth>(),
    healthReason: p.text().nullable(),
    healthChangedAt: p.datetime(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const ModelEndpointEntity = defineEntity({
  name: 'TokenFactoryModelEndpoint',
  tableName: 'model_endpoints',
  schema,
  properties: {
    id: p.text().primary(),
    modelId: p.text().nullable(),
    providerAccountId: p.text().nullable(),
    organizationId: p.text().nullable(),
    projectId: p.text().nullable(),
    appInstanceId: p.text().nullable(),
    appEndpointName: p.text().nullable(),
    baseUrl: p.text().nullable(),
    upstreamModel: p.text().nullable(),
    isEnabled: p.boolean(),
    isReady: p.boolean(),
    readinessReason: p.text().nullable(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const ModelRouteEntity = defineEntity({
  name: 'TokenFactoryModelRoute',
  tableName: 'model_routes',
  schema,
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    departmentId: p.text().nullable(),
    projectId: p.text().nullable(),
    name: p.text(),
    description: p.text(),
    state: p.text().$type<RouteState>(),
    stateReason: p.text().nullable(),
    stateChangedAt: p.datetime(),
    createdBy: p.text(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const ModelPolicyEntity = defineEntity({
  name: 'TokenFactoryModelPolicy',
  tableName: 'model_policies',
  schema,
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    departmentId: p.text(),
    projectId: p.text(),
    apiKeyId: p.text().nullable(),
    allowedModels: p.array().nullable(),
    requestsPerMinute: p.integer().nullable(),
    tokensPerMinute: p.integer().nullable(),
    maxInputTokens: p.integer().nullable(),
    maxOutputTokens: p.integer().nullable(),
    updatedAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const tokenFactoryEntities = [
  ModelEntity,
  ProviderAccountEntity,
  ModelEndpointEntity,
  ModelRouteEntity,
  ModelPolicyEntity,
];
