import { jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Client, ClientBook } from './client-book.js';
import { secretHash } from './bearer-secret.js';
import type { RevocationWatch } from './revocation-watch.js';
import { SIGNING_ALGORITHM, type SigningKeyRing, TOKEN_TYPE } from './signing-key-ring.js';
import { type MachineClaims, expiredToken, invalidToken, machineClaims, tokenError } from './token-claims.js';

const VERIFIED_MAXIMUM = 20_000;
const VERIFIED_MILLISECONDS = 300_000;
const CLOCK_TOLERANCE_SECONDS = 5;

export interface VerifiedMachineToken {
  readonly claims: MachineClaims;
  readonly client: Client;
}

export interface MachineTokenDependencies {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: SigningKeyRing;
  readonly clients: ClientBook;
  readonly watch: RevocationWatch;
}

/** Checks our own access tokens: signature, times, and that neither token nor key nor account was revoked since. */
export class MachineTokens {
  readonly #dependencies: MachineTokenDependencies;
  readonly #verified = new LRUCache<string, MachineClaims>({ max: VERIFIED_MAXIMUM, ttl: VERIFIED_MILLISECONDS });

  constructor(dependencies: MachineTokenDependencies) {
    this.#dependencies = dependencies;
  }

  /** Throws TOKEN_INVALID or TOKEN_EXPIRED. */
  async verify(token: string): Promise<VerifiedMachineToken> {
    const claims = await this.#claims(token);
    const { clients, watch } = this.#dependencies;
    if (claims.exp + CLOCK_TOLERANCE_SECONDS <= Date.now() / 1000) throw expiredToken();
    if (watch.isRevoked(claims.jti) || watch.isRevoked(claims.client_id)) throw invalidToken();
    const client = await clients.find(claims.client_id);
    if (client === null || client.serviceAccountId !== claims.sub || client.accountState !== 'active')
      throw invalidToken();
    if (client.revokedAt !== null || claims.iat * 1000 < client.tokensValidFrom.getTime()) throw invalidToken();
    return { claims, client };
  }

  async #claims(token: string): Promise<MachineClaims> {
    const digest = secretHash(token).toString('base64');
    const known = this.#verified.get(digest);
    if (known !== undefined) return known;
    const { issuer, audience, keys } = this.#dependencies;
    try {
      const { payload } = await jwtVerify(
        token,
        async ({ kid }) => {
          const key = await keys.verifier(kid);
          if (key === null) throw invalidToken();
          return key;
        },
        { issuer, audience, algorithms: [SIGNING_ALGORITHM], typ: TOKEN_TYPE, clockTolerance: CLOCK_TOLERANCE_SECONDS },
      );
      const claims = machineClaims.parse(payload);
      this.#verified.set(digest, claims);
      return claims;
    } catch (error) {
      throw tokenError(error);
    }
  }
}
