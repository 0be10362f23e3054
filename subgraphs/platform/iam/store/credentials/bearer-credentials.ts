import type { Actor } from '../../../../../kernel/access/actor.js';
import type { PrincipalAccess } from '../../credentials-parts.js';
import type { CredentialRevocation, Credentials, RequestOrigin } from '../../contract.js';
import type { ApiKeyBook, ApiKeyFacts } from './api-key-book.js';
import { API_KEY_PREFIX } from './bearer-secret.js';
import type { MachineTokens } from './machine-tokens.js';
import type { OidcTokens } from './oidc-tokens.js';
import { type People, personActor } from './people.js';
import type { RevocationWatch } from './revocation-watch.js';
import { claimedIssuer, invalidToken } from './token-claims.js';
import type { Touches } from './touches.js';

const BEARER_LENGTH_MAXIMUM = 8192;

export interface BearerDependencies {
  readonly access: PrincipalAccess;
  readonly watch: RevocationWatch;
  readonly apiKeys: ApiKeyBook;
  readonly touches: Touches;
  readonly machines: MachineTokens;
  readonly platformIssuer: string;
  /** Null when no identity provider is configured: then no person can sign in. */
  readonly oidc: { readonly issuer: string; readonly tokens: OidcTokens; readonly people: People } | null;
}

/** Turns credentials into actors. Refuses whatever it does not know, and everything while revocations cannot be heard. */
export class BearerCredentials implements Credentials {
  readonly #dependencies: BearerDependencies;

  constructor(dependencies: BearerDependencies) {
    this.#dependencies = dependencies;
  }

  async authenticate(bearer: string, origin: RequestOrigin): Promise<Actor> {
    const { watch, platformIssuer, oidc } = this.#dependencies;
    watch.assertFresh();
    if (bearer.length > BEARER_LENGTH_MAXIMUM) throw invalidToken();
    if (bearer.startsWith(API_KEY_PREFIX)) return this.#apiKeyActor(bearer, origin);
    const issuer = claimedIssuer(bearer);
    if (issuer === platformIssuer) return this.#machineActor(bearer, origin);
    if (oidc !== null && issuer?.replace(/\/$/, '') === oidc.issuer) return this.#personActor(bearer, origin, oidc);
    throw invalidToken();
  }

  onRevocation(listener: (revocation: CredentialRevocation) => void): () => void {
    return this.#dependencies.watch.onRevocation(listener);
  }

  async apiKey(
    key: string,
  ): Promise<{ actor: Actor; apiKeyId: string; projectId: string; organizationId: string } | null> {
    const { watch, apiKeys, touches } = this.#dependencies;
    watch.assertFresh();
    const facts = await apiKeys.find(key);
    if (facts === null) return null;
    touches.touch('api_keys', facts.id);
    return {
      actor: apiKeyActor(facts),
      apiKeyId: facts.id,
      projectId: facts.projectId,
      organizationId: facts.organizationId,
    };
  }

  async #apiKeyActor(key: string, origin: RequestOrigin): Promise<Actor> {
    const found = await this.apiKey(key);
    if (found === null) throw invalidToken();
    return { ...found.actor, ...originOf(origin) };
  }

  async #machineActor(token: string, origin: RequestOrigin): Promise<Actor> {
    const { claims, client } = await this.#dependencies.machines.verify(token);
    return {
      kind: 'service_account',
      id: client.serviceAccountId,
      displayName: client.displayName,
      organizationIds: [client.organizationId],
      projectId: client.projectId,
      // Changing the allow-list ends earlier tokens, so what the token was given is never more than what is allowed now.
      allowList: claims.scope.split(' '),
      credentialId: claims.jti,
      assurance: 0,
      expiresAt: claims.exp,
      ...originOf(origin),
    };
  }

  async #personActor(
    token: string,
    origin: RequestOrigin,
    oidc: NonNullable<BearerDependencies['oidc']>,
  ): Promise<Actor> {
    const claims = await oidc.tokens.verify(token);
    const person = await oidc.people.person(claims, origin.correlationId);
    if (person.isDisabled) throw invalidToken();
    const organizationIds = await this.#dependencies.access.organizationsOf(person.id);
    const actor = personActor(person, claims, { organizationIds, origin });
    const session = await oidc.people.session(person, actor, claims, origin);
    if (session.isRevoked || this.#dependencies.watch.isRevoked(session.id)) throw invalidToken();
    return { ...actor, sessionId: session.id };
  }
}

/** A key acts for its owner, inside its project and its allow-list: it can do nothing that the owner cannot. */
function apiKeyActor(facts: ApiKeyFacts): Actor {
  return {
    kind: 'api_key',
    id: facts.ownerId,
    displayName: facts.ownerName,
    organizationIds: [facts.organizationId],
    projectId: facts.projectId,
    allowList: facts.allowList,
    credentialId: facts.id,
    assurance: 0,
    ...(facts.expiresAt !== null && { expiresAt: Math.floor(facts.expiresAt.getTime() / 1000) }),
  };
}

function originOf({ ip, userAgent }: RequestOrigin): { ip?: string; userAgent?: string } {
  return { ...(ip !== undefined && { ip }), ...(userAgent !== undefined && { userAgent }) };
}
