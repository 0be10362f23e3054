import { defineEntity, p } from '@mikro-orm/core';
import type { BundleState } from '../domain/bundle-lifecycle.js';
import type { BundleKind } from '../domain/evidence-vocabulary.js';

export const BundleEntity = defineEntity({
  name: 'EvidenceBundle',
  tableName: 'bundles',
  schema: 'evidence',
  properties: {
    id: p.text().primary(),
    kind: p.text().$type<BundleKind>(),
    title: p.text(),
    sourceSha: p.text(),
    environmentProfile: p.text(),
    owner: p.text(),
    state: p.text().$type<BundleState>(),
    stateReason: p.text().nullable(),
    stateChangedAt: p.datetime(),
    supersededById: p.text().nullable(),
    sealDigest: p.text().nullable(),
    sealedAt: p.datetime().nullable(),
    createdBy: p.text(),
    correlationId: p.text(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});
