import { defineEntity, p } from '@mikro-orm/core';

export const SshKeyEntity = defineEntity({
  name: 'SshKey',
  tableName: 'ssh_keys',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    organizationId: p.text().nullable(),
    projectId: p.text().nullable(),
    ownerId: p.text(),
    name: p.text(),
    type: p.text(),
    publicKey: p.text(),
    fingerprint: p.text(),
    createdAt: p.datetime(),
    createdBy: p.text(),
    removedAt: p.datetime().nullable(),
    removedBy: p.text().nullable(),
    version: p.integer().version(),
  },
});
