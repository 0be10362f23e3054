import { z } from 'zod';
import { defineEvent } from '../../../../../kernel/events/event-type.js';

export const userRegistered = defineEvent({
  type: 'iam.user.registered',
  subjectType: 'User',
  description: 'A person signed in for the first time.',
  data: z.object({}),
});

export const sessionStarted = defineEvent({
  type: 'iam.session.started',
  subjectType: 'Session',
  description: 'A person signed in.',
  data: z.object({ userId: z.string(), assurance: z.number() }),
});

export const sessionRevoked = defineEvent({
  type: 'iam.session.revoked',
  subjectType: 'Session',
  description: 'A session was ended; its tokens count no more.',
  data: z.object({ userId: z.string(), reason: z.string() }),
});

export const serviceAccountCreated = defineEvent({
  type: 'iam.service_account.created',
  subjectType: 'ServiceAccount',
  description: 'A service account was created in a project.',
  data: z.object({ slug: z.string(), allowList: z.array(z.string()) }),
});

export const serviceAccountMoved = defineEvent({
  type: 'iam.service_account.state_changed',
  subjectType: 'ServiceAccount',
  description: 'A service account was disabled, enabled or deleted; its earlier tokens count no more.',
  data: z.object({ from: z.string(), to: z.string(), reason: z.string() }),
});

export const serviceAccountKeyCreated = defineEvent({
  type: 'iam.service_account_key.created',
  subjectType: 'ServiceAccountKey',
  description: 'A service account got a key.',
  data: z.object({ serviceAccountId: z.string(), expiresAt: z.string().nullable() }),
});

export const serviceAccountKeyRevoked = defineEvent({
  type: 'iam.service_account_key.revoked',
  subjectType: 'ServiceAccountKey',
  description: 'A key of a service account was revoked; tokens that it minted count no more.',
  data: z.object({ serviceAccountId: z.string() }),
});

export const tokenRevoked = defineEvent({
  type: 'iam.token.revoked',
  subjectType: 'ServiceAccount',
  description: 'One access token of a service account was revoked (RFC 7009).',
  data: z.object({ tokenId: z.string() }),
});

export const apiKeyCreated = defineEvent({
  type: 'iam.api_key.created',
  subjectType: 'ApiKey',
  description: 'An API key was created.',
  data: z.object({ ownerId: z.string(), expiresAt: z.string().nullable() }),
});

export const apiKeyRevoked = defineEvent({
  type: 'iam.api_key.revoked',
  subjectType: 'ApiKey',
  description: 'An API key was revoked.',
  data: z.object({ ownerId: z.string() }),
});

export const sshKeyAdded = defineEvent({
  type: 'iam.ssh_key.added',
  subjectType: 'SshKey',
  description: 'An SSH public key was added to a person or a service account.',
  data: z.object({ ownerId: z.string(), fingerprint: z.string() }),
});

export const sshKeyRemoved = defineEvent({
  type: 'iam.ssh_key.removed',
  subjectType: 'SshKey',
  description: 'An SSH public key was removed; machines that have it keep it until they end.',
  data: z.object({ ownerId: z.string(), fingerprint: z.string() }),
});

export const signingKeyMoved = defineEvent({
  type: 'iam.signing_key.state_changed',
  subjectType: 'SigningKey',
  description: 'A key that signs platform tokens was published, began to sign, stopped, or was retired.',
  data: z.object({ from: z.string().nullable(), to: z.string() }),
});

export const credentialEvents = [
  userRegistered,
  sessionStarted,
  sessionRevoked,
  serviceAccountCreated,
  serviceAccountMoved,
  serviceAccountKeyCreated,
  serviceAccountKeyRevoked,
  tokenRevoked,
  apiKeyCreated,
  apiKeyRevoked,
  sshKeyAdded,
  sshKeyRemoved,
  signingKeyMoved,
];

/** Told after something stopped to count: caches look at once. */
export const REVOKING_EVENTS = [
  sessionRevoked.type,
  serviceAccountMoved.type,
  serviceAccountKeyRevoked.type,
  tokenRevoked.type,
  apiKeyRevoked.type,
  'iam.user.',
];
