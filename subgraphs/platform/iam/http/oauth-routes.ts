import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ERROR_CODES } from '../../../../kernel/errors/error-codes.js';
import { isPlatformError } from '../../../../kernel/errors/platform-error.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { RequestOrigin } from '../contract.js';
import type { MachineTokens } from '../store/credentials/machine-tokens.js';
import type { SigningKeyRing } from '../store/credentials/signing-key-ring.js';
import { clientActor } from '../store/credentials/token-denials.js';
import { revokeToken } from '../usecases/credentials/revoke-token.js';
import type { Form } from './client-authentication.js';
import { OAuthError } from './oauth-error.js';
import { THROTTLE_SECONDS } from './throttle.js';
import { type TokenEndpointDependencies, grantToken } from './token-endpoint.js';
import { introspect, verifiedOrNull } from './token-introspection.js';

export interface OAuthDependencies extends TokenEndpointDependencies {
  readonly keys: SigningKeyRing;
  readonly machines: MachineTokens;
  readonly issuer: string;
  /** Makes this process hear of a revocation now instead of within the poll. */
  readonly afterRevocation: () => Promise<void>;
}

const BODY_BYTES_MAXIMUM = 16_384;
const FORM = 'application/x-www-form-urlencoded';
const CORRELATION_ID = /^[A-Za-z0-9._:-]{8,128}$/;
/** Shorter than a new key is published before it signs. */
const KEYS_SECONDS = 300;

/** The endpoints that OAuth fixes. They are mounted in a scope of their own, so that its parsers concern nobody else. */
export async function oauthRoutes(server: FastifyInstance, dependencies: OAuthDependencies): Promise<void> {
  await server.register(async (scope) => {
    scope.removeContentTypeParser(['application/json', 'text/plain']);
    scope.addContentTypeParser(FORM, { parseAs: 'string', bodyLimit: BODY_BYTES_MAXIMUM }, (_request, body, done) =>
      done(null, parseForm(String(body))),
    );
    scope.setErrorHandler((error, request, reply) => answerFault(error, request, reply));
    publicRoutes(scope, dependencies);
    clientRoutes(scope, dependencies);
  });
}

function publicRoutes(scope: FastifyInstance, dependencies: OAuthDependencies): void {
  scope.get('/.well-known/jwks.json', async (_request, reply) => {
    void reply.header('cache-control', `public, max-age=${KEYS_SECONDS}`).type('application/jwk-set+json');
    return dependencies.keys.publicKeys();
  });
  scope.get('/.well-known/oauth-authorization-server', async (_request, reply) => {
    void reply.header('cache-control', `public, max-age=${KEYS_SECONDS}`);
    return serverMetadata(dependencies.issuer);
  });
}

function clientRoutes(scope: FastifyInstance, dependencies: OAuthDependencies): void {
  const { authentication, machines, kernel, afterRevocation } = dependencies;
  const endpoint = (url: string, handle: (request: FastifyRequest, form: Form) => Promise<unknown>): void => {
    scope.post(url, async (request, reply) => {
      noStore(reply);
      return (await handle(request, formOf(request))) ?? '';
    });
    scope.route({
      method: ['GET', 'PUT', 'DELETE', 'PATCH'],
      url,
      handler: async (_request, reply) => {
        void noStore(reply).header('allow', 'POST').code(405);
        return { error: 'invalid_request', error_description: 'Use POST.' };
      },
    });
  };
  const grant = (request: FastifyRequest, form: Form): Promise<unknown> =>
    grantToken(dependencies, { form, authorization: request.headers.authorization, origin: originOf(request) });
  endpoint('/oauth/token', grant);
  endpoint('/auth/service-account/token', grant);
  endpoint('/oauth/introspect', async (request, form) => {
    const client = await authentication.authenticate(form, request.headers.authorization, originOf(request));
    return introspect(machines, client, requiredToken(form));
  });
  endpoint('/oauth/revoke', async (request, form) => {
    const origin = originOf(request);
    const client = await authentication.authenticate(form, request.headers.authorization, origin);
    const verified = await verifiedOrNull(machines, requiredToken(form));
    // RFC 7009, 2.2: a token that is not valid anyway is a success.
    if (verified === null) return '';
    const { claims } = verified;
    if (claims.sub !== client.serviceAccountId)
      throw new OAuthError('invalid_request', 'The token was issued to another client.');
    const input = { clientId: client.keyId, tokenId: claims.jti, expiresAtSeconds: claims.exp };
    await kernel.pipeline.execute(revokeToken, input, {
      actor: clientActor(client, origin),
      correlationId: origin.correlationId,
    });
    await afterRevocation();
    return '';
  });
}

/** RFC 8414, 2. */
function serverMetadata(issuer: string): Readonly<Record<string, unknown>> {
  const clientMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];
  const algorithms = ['EdDSA', 'ES256', 'ES384', 'RS256', 'PS256'];
  const endpoint = (name: string): Record<string, unknown> => ({
    [`${name}_endpoint_auth_methods_supported`]: clientMethods,
    [`${name}_endpoint_auth_signing_alg_values_supported`]: algorithms,
  });
  return {
    issuer,
    token_endpoint: `${issuer}/oauth/token`,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    revocation_endpoint: `${issuer}/oauth/revoke`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    grant_types_supported: ['client_credentials'],
    response_types_supported: [],
    ...endpoint('token'),
    ...endpoint('introspection'),
    ...endpoint('revocation'),
  };
}

/** RFC 6749, 3.2: a parameter is sent at most once, and one without a value as if it were not there. */
function parseForm(body: string): Form {
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(body)) {
    if (form.has(name)) throw new OAuthError('invalid_request', `"${name.slice(0, 40)}" is there twice.`);
    if (value !== '') form.set(name, value);
  }
  return form;
}

function formOf(request: FastifyRequest): Form {
  if (request.body instanceof Map) return request.body as Form;
  throw new OAuthError('invalid_request', `The body must be ${FORM}.`);
}

function requiredToken(form: Form): string {
  const token = form.get('token');
  if (token === undefined) throw new OAuthError('invalid_request', 'token is missing.');
  return token;
}

function originOf(request: FastifyRequest): RequestOrigin {
  const given = request.headers['x-correlation-id'];
  const correlationId = typeof given === 'string' && CORRELATION_ID.test(given) ? given : newId('cor');
  return { ip: request.ip, userAgent: (request.headers['user-agent'] ?? '').slice(0, 256), correlationId };
}

function noStore(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
}

function answerFault(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  noStore(reply);
  if (error instanceof OAuthError) {
    if (error.status === 401 && error.usedBasic)
      void reply.header('www-authenticate', 'Basic realm="oauth", charset="UTF-8"');
    if (error.status === 429) void reply.header('retry-after', String(THROTTLE_SECONDS));
    return reply.code(error.status).send({ error: error.code, error_description: error.message });
  }
  if (isPlatformError(error) && ERROR_CODES[error.code].isRetryable) {
    return reply.code(503).send({ error: 'temporarily_unavailable', error_description: error.message });
  }
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  if (status < 500) {
    const description = status === 413 ? 'The request is too large.' : `The body must be ${FORM}.`;
    return reply.code(status === 413 ? 413 : 400).send({ error: 'invalid_request', error_description: description });
  }
  request.log.error({ err: error }, 'an OAuth endpoint failed');
  return reply.code(500).send({ error: 'server_error', error_description: 'The server could not answer.' });
}
