import { z } from 'zod';
import { type Command, defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import type { PrincipalAccess } from '../../credentials-parts.js';
import { grantedScope } from '../../domain/credentials/allow-list.js';
import { CLIENT_QUERY, type Client } from '../../store/credentials/client-book.js';
import type { SigningKeyRing } from '../../store/credentials/signing-key-ring.js';
import { scopeOfRow } from './credential-rules.js';

export interface IssueTokenDependencies {
  readonly keys: SigningKeyRing;
  readonly access: PrincipalAccess;
  readonly issuer: string;
  readonly audience: string;
  readonly ttlSeconds: number;
}

const input = z.object({ clientId: z.string(), scope: z.string().max(4000).optional() });

/** What the token endpoint answers beside the token itself. */
export interface IssuedToken {
  readonly [name: string]: string | number;
  readonly tokenId: string;
  readonly expiresInSeconds: number;
  readonly scope: string;
}

/**
 * Mints an access token (RFC 9068) for a service account that has proved itself. State of account and key is read in
 * this transaction, behind the access lock: an account whose revocation was acknowledged mints nothing.
 * Refusals: INVALID_STATE for the client, POLICY_DENIED for the scope.
 */
export function createIssueToken(dependencies: IssueTokenDependencies): Command<typeof input, IssuedToken> {
  const { keys, access, issuer, audience, ttlSeconds } = dependencies;
  return defineCommand({
    action: 'iam.token.issue',
    input,
    scope: ({ clientId }, lookup) => scopeOfRow(lookup, 'service_account_keys', clientId),
    isSelfService: true,
    async run(context, { clientId, scope }) {
      const { now } = context;
      const rows = await context.tx.prepared<Client & Record<string, unknown>>('iam.client.find', CLIENT_QUERY, [
        clientId,
      ]);
      const client = rows[0];
      const isUsable =
        client !== undefined &&
        client.serviceAccountId === context.actor.id &&
        client.accountState === 'active' &&
        client.revokedAt === null &&
        (client.expiresAt === null || client.expiresAt > now);
      if (!isUsable) return refuse('INVALID_STATE', 'The service account or its key is disabled, revoked or expired.');
      const place = await access.project(client.projectId);
      if (place === null || !place.isActive)
        return refuse('INVALID_STATE', 'The project of the service account is archived.');
      const granted = grantedScope(scope, client.allowList);
      if (granted === null)
        return refuse('POLICY_DENIED', 'The scope goes beyond what the service account is allowed.');
      // Never older than what made earlier tokens void, also when clocks differ or both happen in one second.
      const issuedAt = Math.max(Math.floor(now.getTime() / 1000), Math.ceil(client.tokensValidFrom.getTime() / 1000));
      const tokenId = newId('tkn');
      const token = await keys.sign({
        iss: issuer,
        sub: client.serviceAccountId,
        client_id: clientId,
        aud: audience,
        iat: issuedAt,
        exp: issuedAt + ttlSeconds,
        jti: tokenId,
        scope: granted.join(' '),
        org_id: client.organizationId,
        project_id: client.projectId,
        actor_type: 'service_account',
      });
      context.describe(
        { type: 'ServiceAccount', id: client.serviceAccountId },
        { clientId, jti: tokenId, permissions: granted },
      );
      return accept({ tokenId, expiresInSeconds: ttlSeconds, scope: granted.join(' ') }, { reveal: token });
    },
  });
}
