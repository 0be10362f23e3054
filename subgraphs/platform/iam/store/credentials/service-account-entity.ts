import { type InferEntity, defineEntity, p } from '@mikro-orm/core';
import type { ServiceAccountState } from '../../domain/credentials/service-account-lifecycle.js';

export const ServiceAccountEntity = defineEntity({
  name: 'ServiceAccount',
  tableName: 'service_accounts',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    departmentId: p.text(),
    projectId: p.text(),
    name: p.text(),
    slug: p.text(),
    description: p.text(),
    allowList: p.array(),
    state: p.text().$type<ServiceAccountState>(),
    stateReason: p.text().nullable(),
    stateChangedAt: p.datetime(),
    tokensValidFrom: p.datetime(),
    createdAt: p.datetime(),
    createdBy: p.text(),
    version: p.integer().version(),
  },
});
export type ServiceAccountRow = InferEntity<typeof ServiceAccountEntity>;

export const ServiceAccountKeyEntity = defineEntity({
  name: 'ServiceAccountKey',
  tableName: 'service_account_keys',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    projectId: p.text(),
    serviceAccountId: p.text(),
    name: p.text(),
    secretHash: p.blob().nullable(),
    lastFour: p.text().nullable(),
    publicJwk: p.json().nullable(),
    createdAt: p.datetime(),
    createdBy: p.text(),
    expiresAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
    revokedBy: p.text().nullable(),
    version: p.integer().version(),
  },
});
