import { defineEntity, p } from '@mikro-orm/core';

export type SessionProvider = 'oidc' | 'personal_token' | 'service_account' | 'password' | 'unknown';

export const AccountSessionEntity = defineEntity({
  name: 'AccountSession',
  tableName: 'account_sessions',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    userId: p.text(),
    provider: p.text().$type<SessionProvider>(),
    providerSessionId: p.text(),
    latestTokenId: p.text().nullable(),
    assurance: p.smallint(),
    authenticationContext: p.text().nullable(),
    authenticationMethods: p.array(),
    authenticatedAt: p.datetime().nullable(),
    device: p.text(),
    browser: p.text(),
    operatingSystem: p.text(),
    ip: p.text().nullable(),
    signedInAt: p.datetime(),
    lastSeenAt: p.datetime(),
    expiresAt: p.datetime(),
    revokedAt: p.datetime().nullable(),
    revokedBy: p.text().nullable(),
    revokedReason: p.text().nullable(),
    version: p.integer().version(),
  },
});
