import type { Database } from '../../../../../kernel/database/database.js';
import type { ServiceAccountState } from '../../domain/credentials/service-account-lifecycle.js';
import { LoadingCache } from './loading-cache.js';
import type { RevocationWatch } from './revocation-watch.js';

/** A key of a service account together with its account: an OAuth client. */
export interface Client {
  readonly keyId: string;
  readonly serviceAccountId: string;
  readonly organizationId: string;
  readonly departmentId: string;
  readonly projectId: string;
  readonly displayName: string;
  readonly allowList: readonly string[];
  readonly accountState: ServiceAccountState;
  readonly tokensValidFrom: Date;
  readonly secretHash: Buffer | null;
  readonly publicJwk: Readonly<Record<string, unknown>> | null;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

const CLIENTS_MAXIMUM = 20_000;
const TTL_MILLISECONDS = 60_000;

export const CLIENT_QUERY = `select k.id as "keyId", a.id as "serviceAccountId", a.organization_id as "organizationId",
    a.department_id as "departmentId", a.project_id as "projectId", a.name as "displayName", a.allow_list as "allowList",
    a.state as "accountState", a.tokens_valid_from as "tokensValidFrom", k.secret_hash as "secretHash",
    k.public_jwk as "publicJwk", k.expires_at as "expiresAt", k.revoked_at as "revokedAt"
  from iam.service_account_keys k join iam.service_accounts a on a.id = k.service_account_id where k.id = $1`;

/** Keys of service accounts by client id, cached; what is revoked leaves the cache as soon as the watch hears of it. */
export class ClientBook {
  readonly #database: Database;
  readonly #clients = new LoadingCache<Client | null>({ max: CLIENTS_MAXIMUM, ttlMilliseconds: TTL_MILLISECONDS });

  constructor(database: Database, watch: RevocationWatch) {
    this.#database = database;
    watch.onRevocation(({ subjectType, subjectId }) => {
      if (subjectType === 'service_account_key') this.#clients.evict(subjectId);
      // Rare, and an account's keys are few: loading again is cheaper than an index from accounts to keys.
      if (subjectType === 'service_account') this.#clients.clear();
    });
  }

  async find(keyId: string): Promise<Client | null> {
    const client = await this.#clients.get(keyId, () => this.#load(keyId));
    // A key that is made a moment later must work at once.
    if (client === null) this.#clients.evict(keyId);
    return client;
  }

  async #load(keyId: string): Promise<Client | null> {
    return this.#database.read('system', async (tx) => {
      const rows = await tx.prepared<Client & Record<string, unknown>>('iam.client.find', CLIENT_QUERY, [keyId]);
      return rows[0] ?? null;
    });
  }
}
