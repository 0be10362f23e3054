import { decodeJwt, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { isTypeId } from '../../../../kernel/identifiers/type-id.js';
import type { Kernel } from '../../../../kernel/kernel.js';
import type { RequestOrigin } from '../contract.js';
import { ASSERTION_ALGORITHMS } from '../domain/credentials/client-public-key.js';
import { matchesHash } from '../store/credentials/bearer-secret.js';
import type { Client, ClientBook } from '../store/credentials/client-book.js';
import type { RevocationWatch } from '../store/credentials/revocation-watch.js';
import { type DenialReason, auditTokenDenial } from '../store/credentials/token-denials.js';
import { OAuthError } from './oauth-error.js';
import { Throttle } from './throttle.js';

export type Form = ReadonlyMap<string, string>;

/** RFC 7523, 2.2. */
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ASSERTION_SECONDS_MAXIMUM = 300;
const CLOCK_TOLERANCE_SECONDS = 5;
const USED_ASSERTIONS_MAXIMUM = 50_000;

interface Presented {
  readonly clientId: string;
  readonly secret: string | null;
  readonly assertion: string | null;
  readonly usedBasic: boolean;
}

export interface ClientAuthenticationDependencies {
  readonly kernel: Kernel;
  readonly clients: ClientBook;
  readonly watch: RevocationWatch;
  /** Values of `aud` that a client assertion may carry: our issuer and the address of the token endpoint. */
  readonly audiences: readonly string[];
}

/**
 * Authenticates OAuth clients: `client_secret_basic`, `client_secret_post` (RFC 6749, 2.3.1) and `private_key_jwt`
 * (RFC 7523). Whatever is wrong with the client, the answer is the same `invalid_client`; the audit log knows more.
 */
export class ClientAuthentication {
  readonly #dependencies: ClientAuthenticationDependencies;
  readonly #throttle = new Throttle();
  /** Assertions that were used, by `jti`: each counts once in this process. */
  readonly #usedAssertions = new LRUCache<string, true>({
    max: USED_ASSERTIONS_MAXIMUM,
    ttl: (ASSERTION_SECONDS_MAXIMUM + CLOCK_TOLERANCE_SECONDS) * 1000,
  });

  constructor(dependencies: ClientAuthenticationDependencies) {
    this.#dependencies = dependencies;
  }

  /** Throws {@link OAuthError}. The answer's account may be disabled since: whoever acts for it checks again. */
  async authenticate(form: Form, authorization: string | undefined, origin: RequestOrigin): Promise<Client> {
    const presented = presentedClient(form, authorization);
    this.#dependencies.watch.assertFresh();
    const client = isTypeId(presented.clientId, 'sak')
      ? await this.#dependencies.clients.find(presented.clientId)
      : null;
    // A known client has a count of its own: rubbish from the same address must not shut it out.
    const source = client === null ? (origin.ip ?? 'unknown') : `${origin.ip} ${client.keyId}`;
    if (this.#throttle.isClosed(source)) {
      if (this.#throttle.isNews(source)) await this.#audit(client, 'throttled', origin);
      throw new OAuthError('temporarily_unavailable', 'Too many failed attempts; try again in a minute.', {
        status: 429,
      });
    }
    const reason = await this.#fault(client, presented);
    if (client !== null && reason === null) return client;
    this.#throttle.count(source);
    await this.#audit(client, reason ?? 'unknown_client', origin);
    throw new OAuthError('invalid_client', 'Client authentication failed.', { usedBasic: presented.usedBasic });
  }

  async #fault(client: Client | null, presented: Presented): Promise<DenialReason | null> {
    if (client === null) return 'unknown_client';
    const isProven =
      presented.assertion === null
        ? client.secretHash !== null && matchesHash(presented.secret ?? '', client.secretHash)
        : await this.#isAssertionGood(client, presented.assertion);
    if (!isProven) return presented.assertion === null ? 'wrong_secret' : 'wrong_assertion';
    const isExpired = client.expiresAt !== null && client.expiresAt.getTime() <= Date.now();
    const isRevoked = client.revokedAt !== null || this.#dependencies.watch.isRevoked(client.keyId);
    return isExpired || isRevoked || client.accountState !== 'active' ? 'not_usable' : null;
  }

  /** RFC 7523, 3: issuer and subject are the client, the audience is us, it ends soon, and it is used once. */
  async #isAssertionGood(client: Client, assertion: string): Promise<boolean> {
    if (client.publicJwk === null) return false;
    try {
      const { payload } = await jwtVerify(assertion, client.publicJwk, {
        algorithms: [...ASSERTION_ALGORITHMS],
        issuer: client.keyId,
        subject: client.keyId,
        audience: [...this.#dependencies.audiences],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'jti'],
      });
      const { exp = 0, jti = '' } = payload;
      if (exp - Date.now() / 1000 > ASSERTION_SECONDS_MAXIMUM + CLOCK_TOLERANCE_SECONDS) return false;
      const use = `${client.keyId} ${jti}`;
      if (this.#usedAssertions.has(use)) return false;
      this.#usedAssertions.set(use, true);
      return true;
    } catch {
      return false;
    }
  }

  async #audit(client: Client | null, reason: DenialReason, origin: RequestOrigin): Promise<void> {
    await auditTokenDenial(this.#dependencies.kernel, { client, reason, origin });
  }
}

/** How the client says who it is. More than one way at once is refused (RFC 6749, 2.3). */
function presentedClient(form: Form, authorization: string | undefined): Presented {
  const basic = authorization === undefined ? null : basicCredentials(authorization);
  const secret = form.get('client_secret') ?? null;
  const assertion = form.get('client_assertion') ?? null;
  if ([basic, secret, assertion].filter((way) => way !== null).length > 1) {
    throw new OAuthError('invalid_request', 'Use one way of client authentication, not two.');
  }
  if (basic !== null) {
    const named = form.get('client_id');
    if (named !== undefined && named !== basic.clientId)
      throw new OAuthError('invalid_request', 'Two different clients are named.');
    return { ...basic, assertion: null, usedBasic: true };
  }
  if (assertion !== null)
    return { clientId: assertionClient(form, assertion), secret: null, assertion, usedBasic: false };
  const clientId = form.get('client_id');
  if (clientId === undefined || secret === null)
    throw new OAuthError('invalid_client', 'The request has no client authentication.');
  return { clientId, secret, assertion: null, usedBasic: false };
}

function assertionClient(form: Form, assertion: string): string {
  if (form.get('client_assertion_type') !== ASSERTION_TYPE) {
    throw new OAuthError('invalid_request', `client_assertion_type must be ${ASSERTION_TYPE}.`);
  }
  try {
    const { sub } = decodeJwt(assertion);
    const named = form.get('client_id');
    if (sub !== undefined && (named === undefined || named === sub)) return sub;
  } catch {
    // Falls through: it is no JWT.
  }
  throw new OAuthError('invalid_client', 'The client assertion does not name the client.');
}

/** RFC 7617, with identifier and secret form-encoded first as RFC 6749, 2.3.1 wants it. */
function basicCredentials(authorization: string): { clientId: string; secret: string } {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]{1,2000})$/i.exec(authorization)?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1)
    throw new OAuthError('invalid_client', 'The Authorization header is not HTTP Basic.', { usedBasic: true });
  try {
    const decode = (part: string): string => decodeURIComponent(part.replaceAll('+', ' '));
    return { clientId: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
  } catch {
    throw new OAuthError('invalid_client', 'The Authorization header is not form-encoded.', { usedBasic: true });
  }
}
