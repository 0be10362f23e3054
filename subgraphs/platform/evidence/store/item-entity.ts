import { defineEntity, p } from '@mikro-orm/core';
import type { ItemResult, ItemType, RetentionClass } from '../domain/evidence-vocabulary.js';

export const ItemEntity = defineEntity({
  name: 'EvidenceItem',
  tableName: 'items',
  schema: 'evidence',
  properties: {
    id: p.text().primary(),
    bundleId: p.text(),
    type: p.text().$type<ItemType>(),
    title: p.text(),
    result: p.text().$type<ItemResult>(),
    owner: p.text(),
    retentionClass: p.text().$type<RetentionClass>(),
    artifactDigest: p.text().nullable(),
    summary: p.json().$type<Record<string, unknown>>(),
    reason: p.text().nullable(),
    expiresAt: p.datetime().nullable(),
    followUp: p.text().nullable(),
    contentDigest: p.text(),
    supersedesId: p.text().nullable(),
    createdBy: p.text(),
    correlationId: p.text(),
    createdAt: p.datetime(),
  },
});
