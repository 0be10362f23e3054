import { defineEntity, p } from '@mikro-orm/core';

export const ApiKeyEntity = defineEntity({
  name: 'ApiKey',
  tableName: 'api_keys',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    projectId: p.text(),
    ownerId: p.text(),
    ownerName: p.text(),
    name: p.text(),
    keyHash: p.blob(),
    prefix: p.text(),
    lastFour: p.text(),
    allowList: p.array(),
    createdAt: p.datetime(),
    expiresAt: p.datetime().nullable(),
    revokedAt: p.datetime().nullable(),
    revokedBy: p.text().nullable(),
    version: p.integer().version(),
  },
});
