import type { Command } from '../../../../kernel/commands/command.js';
import type { Kernel } from '../../../../kernel/kernel.js';
import type { RequestOrigin } from '../contract.js';
import type { Client } from '../store/credentials/client-book.js';
import { auditTokenDenial, clientActor } from '../store/credentials/token-denials.js';
import type { Touches } from '../store/credentials/touches.js';
import type { IssuedToken, createIssueToken } from '../usecases/credentials/issue-token.js';
import type { ClientAuthentication, Form } from './client-authentication.js';
import { OAuthError } from './oauth-error.js';

export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly scope: string;
}

export interface TokenEndpointDependencies {
  readonly kernel: Kernel;
  readonly authentication: ClientAuthentication;
  readonly issueToken: ReturnType<typeof createIssueToken>;
  readonly touches: Touches;
  readonly audience: string;
}

/** RFC 6749, 4.4: the client credentials grant, for service accounts. Throws {@link OAuthError}. */
export async function grantToken(
  dependencies: TokenEndpointDependencies,
  request: { form: Form; authorization: string | undefined; origin: RequestOrigin },
): Promise<TokenResponse> {
  const { form, authorization, origin } = request;
  const grantType = form.get('grant_type');
  if (grantType === undefined) throw new OAuthError('invalid_request', 'grant_type is missing.');
  const client = await dependencies.authentication.authenticate(form, authorization, origin);
  if (grantType !== 'client_credentials') {
    await auditTokenDenial(dependencies.kernel, { client, reason: 'unsupported_grant_type', origin });
    throw new OAuthError(
      'unsupported_grant_type',
      'Only client_credentials is supported; people sign in at the identity provider.',
    );
  }
  // RFC 8707: we issue for one resource, and say so rather than ignore another.
  const resource = form.get('resource') ?? form.get('audience');
  if (resource !== undefined && resource !== dependencies.audience) {
    await auditTokenDenial(dependencies.kernel, { client, reason: 'invalid_target', origin });
    throw new OAuthError('invalid_target', `Tokens are issued for ${dependencies.audience} only.`);
  }
  return mint(dependencies, client, { scope: form.get('scope'), origin });
}

async function mint(
  { kernel, issueToken, touches }: TokenEndpointDependencies,
  client: Client,
  request: { scope: string | undefined; origin: RequestOrigin },
): Promise<TokenResponse> {
  const { scope, origin } = request;
  const command: Command<(typeof issueToken)['input'], IssuedToken> = issueToken;
  const result = await kernel.pipeline.execute(
    command,
    { clientId: client.keyId, ...(scope !== undefined && { scope }) },
    { actor: clientActor(client, origin), correlationId: origin.correlationId },
  );
  if (!result.ok) {
    const refusal = result.refusals[0];
    if (refusal?.code === 'INVALID_STATE') throw new OAuthError('invalid_client', 'Client authentication failed.');
    throw new OAuthError('invalid_scope', refusal?.message ?? 'The scope is refused.');
  }
  if (result.reveal === undefined) throw new Error('a token was issued and not revealed');
  touches.touch('service_account_keys', client.keyId);
  const { expiresInSeconds, scope: granted } = result.value;
  return { access_token: result.reveal, token_type: 'Bearer', expires_in: expiresInSeconds, scope: granted };
}
