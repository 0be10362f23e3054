import { type JWTVerifyGetKey, createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { PlatformError } from '../../../../../kernel/errors/platform-error.js';
import type { Logger } from '../../../../../kernel/telemetry/logger.js';
import { secretHash } from './bearer-secret.js';
import { type PersonClaims, expiredToken, personClaims, tokenError } from './token-claims.js';

/** Asymmetric signatures only: a public key can then never be mistaken for a shared secret. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const CLOCK_TOLERANCE_SECONDS = 5;
const TIMEOUT_MILLISECONDS = 5000;
/** An unknown key id makes us ask the provider again, but not more often than this. */
const COOLDOWN_MILLISECONDS = 10_000;
/** How often keys are fetched though none is missing, so that those the provider withdrew go. */
const REFRESH_MILLISECONDS = 600_000;
const DISCOVERY_RETRY_MILLISECONDS = 2000;
const VERIFIED_MAXIMUM = 20_000;
/** A verified token is not verified again for this long; withdrawn keys matter then. */
const VERIFIED_MILLISECONDS = 300_000;

export interface OidcOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly logger: Logger;
}

type RemoteKeys = ReturnType<typeof createRemoteJWKSet>;

const discoveryDocument = z.object({ issuer: z.string(), jwks_uri: z.url() });

/**
 * Checks access tokens of the configured OpenID provider (RFC 9068: `at+jwt`, issuer, audience, times, signature) with
 * keys kept in memory: while the provider is away, tokens it issued stay good until they end.
 */
export class OidcTokens {
  readonly #options: OidcOptions;
  readonly #verified = new LRUCache<string, PersonClaims>({ max: VERIFIED_MAXIMUM, ttl: VERIFIED_MILLISECONDS });
  #keys: Promise<RemoteKeys> | undefined;
  #failedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: OidcOptions) {
    this.#options = options;
  }

  /** Throws TOKEN_INVALID, TOKEN_EXPIRED, or UNAVAILABLE when no key was ever fetched. */
  async verify(token: string): Promise<PersonClaims> {
    const digest = secretHash(token).toString('base64');
    const known = this.#verified.get(digest);
    if (known !== undefined) {
      if (known.exp + CLOCK_TOLERANCE_SECONDS <= Date.now() / 1000) throw expiredToken();
      return known;
    }
    const keys = await this.#remoteKeys();
    try {
      const { payload } = await jwtVerify(token, keys as JWTVerifyGetKey, {
        // Configuration drops a trailing slash; some providers' issuers have one.
        issuer: [this.#options.issuer, `${this.#options.issuer}/`],
        audience: this.#options.audience,
        algorithms: ALGORITHMS,
        typ: 'at+jwt',
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'iat', 'sub'],
      });
      const claims = personClaims.parse(payload);
      this.#verified.set(digest, claims);
      return claims;
    } catch (error) {
      throw isProviderAway(error) ? providerAway(error) : tokenError(error);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #remoteKeys(): Promise<RemoteKeys> {
    if (this.#keys !== undefined) return this.#keys;
    if (Date.now() - this.#failedAt < DISCOVERY_RETRY_MILLISECONDS) throw providerAway();
    const keys = this.#discover();
    this.#keys = keys;
    try {
      return await keys;
    } catch (error) {
      this.#keys = undefined;
      this.#failedAt = Date.now();
      this.#options.logger.warn(
        { err: error, issuer: this.#options.issuer },
        'the identity provider cannot be reached',
      );
      throw providerAway(error);
    }
  }

  /** OpenID Connect Discovery 1.0, 4: the document must name the issuer it was asked for. */
  async #discover(): Promise<RemoteKeys> {
    const { issuer } = this.#options;
    const response = await fetch(`${issuer}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
      redirect: 'error',
    });
    if (!response.ok) throw new Error(`discovery answered ${response.status}`);
    const document = discoveryDocument.parse(await response.json());
    if (document.issuer.replace(/\/$/, '') !== issuer) throw new Error('the discovery document is of another issuer');
    const keys = createRemoteJWKSet(new URL(document.jwks_uri), {
      // Never forgotten by age: see the class. The timer below fetches them anew.
      cacheMaxAge: Number.POSITIVE_INFINITY,
      cooldownDuration: COOLDOWN_MILLISECONDS,
      timeoutDuration: TIMEOUT_MILLISECONDS,
    });
    await keys.reload();
    this.#timer = setInterval(() => void this.#refresh(keys), REFRESH_MILLISECONDS);
    this.#timer.unref();
    return keys;
  }

  async #refresh(keys: RemoteKeys): Promise<void> {
    try {
      await keys.reload();
    } catch (error) {
      this.#options.logger.warn(
        { err: error },
        "the identity provider's keys could not be fetched; the known ones stay in use",
      );
    }
  }
}

/** Verification failed because keys could not be had, not because the token is bad. */
function isProviderAway(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout) return true;
  if (error instanceof TypeError) return error.message === 'fetch failed';
  return error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC';
}

function providerAway(cause?: unknown): PlatformError {
  return new PlatformError(
    'UNAVAILABLE',
    'The identity provider cannot be reached, and this token is new to us.',
    {},
    { cause },
  );
}
