import { type InferEntity, defineEntity, p } from '@mikro-orm/core';
import type { SigningKeyState } from '../../domain/credentials/signing-key-rotation.js';

export const SigningKeyEntity = defineEntity({
  name: 'SigningKey',
  tableName: 'signing_keys',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    algorithm: p.text(),
    publicJwk: p.json(),
    secretId: p.text(),
    state: p.text().$type<SigningKeyState>(),
    stateReason: p.text().nullable(),
    stateChangedAt: p.datetime(),
    stateDeadlineAt: p.datetime().nullable(),
    publishedAt: p.datetime(),
    effectiveAt: p.datetime().nullable(),
    retiredAt: p.datetime().nullable(),
    version: p.integer().version(),
  },
});

export type SigningKeyRow = InferEntity<typeof SigningKeyEntity>;
