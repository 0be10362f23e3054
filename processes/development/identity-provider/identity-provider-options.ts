import type { JWK } from 'jose';

/** A person of the development directory. There is no sign-up: whoever is listed can sign in. */
export interface DevelopmentUser {
  /** The `sub` claim: with the issuer it is the person's identity. */
  readonly subject: string;
  readonly email: string;
  readonly name: string;
  /** Authentication context of a plain sign-in. Default `SINGLE_FACTOR`. */
  readonly acr?: string;
  /** Authentication methods (RFC 8176) of a plain sign-in. Default: those of the context. */
  readonly amr?: readonly string[];
  /** Asked for on the sign-in page when present; otherwise one click signs in. */
  readonly password?: string;
  /** Whether this person can step up when an application asks for it. Default true. */
  readonly hasSecondFactor?: boolean;
}

/** A first-party public client: no secret, authorization code with PKCE, no consent screen. */
export interface DevelopmentClient {
  readonly clientId: string;
  readonly name: string;
  /** `browser`: exact redirect URIs, CORS for their origins. `native`: loopback redirect URIs match on any port (RFC 8252). */
  readonly kind: 'browser' | 'native';
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
}

/** A private JSON Web Key Set (RFC 7517). Store it and pass it in again, and issued tokens outlive a restart. */
export interface SigningKeys {
  readonly keys: readonly JWK[];
}

/** Pino's call shape. */
export interface IdentityProviderLogger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface IdentityProviderOptions {
  /** Public address, with the path prefix it is mounted on, without a trailing slash. */
  readonly issuer: string;
  /** The resource (RFC 8707) whose access tokens are issued by default: the `aud` the platform verifies. An absolute URI. */
  readonly audience: string;
  /** Further resources a client may name explicitly. */
  readonly otherAudiences?: readonly string[];
  readonly users: readonly DevelopmentUser[];
  readonly clients: readonly DevelopmentClient[];
  /** Default: fresh keys, so that every token ends with the process. */
  readonly signingKeys?: SigningKeys;
  /** Default 900. */
  readonly accessTokenSeconds?: number;
  /** Default 14 days; rotation does not prolong it for browser clients. */
  readonly refreshTokenSeconds?: number;
  /** Where the process runs. `production` is refused. */
  readonly environment?: string;
  readonly logger?: IdentityProviderLogger;
}
