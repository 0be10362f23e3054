import { LRUCache } from 'lru-cache';
import type { Database } from '../../../../../kernel/database/database.js';
import { PlatformError } from '../../../../../kernel/errors/platform-error.js';
import { API_KEY_PREFIX, hasSecretForm, secretHash } from './bearer-secret.js';
import type { RevocationWatch } from './revocation-watch.js';

export interface ApiKeyFacts {
  readonly id: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly ownerId: string;
  readonly ownerName: string;
  readonly allowList: readonly string[];
  readonly expiresAt: Date | null;
}

const KEYS_MAXIMUM = 100_000;
const UNKNOWN_MAXIMUM = 10_000;
const UNKNOWN_MILLISECONDS = 5000;
/** Rubbish keys cost the database at most this many look-ups at a time. */
const LOOKUPS_MAXIMUM = 32;

// Keys whose owner is gone or disabled are as good as revoked.
const LIVE_KEYS = `select encode(k.key_hash, 'base64') as hash, k.id, k.organization_id as "organizationId",
    k.project_id as "projectId", k.owner_id as "ownerId", k.owner_name as "ownerName", k.allow_list as "allowList",
    k.expires_at as "expiresAt"
  from iam.api_keys k
  left join iam.users u on u.id = k.owner_id
  left join iam.service_accounts a on a.id = k.owner_id
  where k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
    and (u.is_disabled = false or a.state = 'active')`;

type ApiKeyRow = ApiKeyFacts & { readonly [column: string]: unknown; readonly hash: string };

/**
 * Live API keys by hash, in memory. The most recently used ones are loaded at start; a key that is not there is looked up
 * once, and a miss remembered for some seconds. What is revoked leaves as soon as the watch hears of it.
 */
export class ApiKeyBook {
  readonly #database: Database;
  readonly #watch: RevocationWatch;
  readonly #keys = new LRUCache<string, ApiKeyFacts>({ max: KEYS_MAXIMUM });
  readonly #unknown = new LRUCache<string, true>({ max: UNKNOWN_MAXIMUM, ttl: UNKNOWN_MILLISECONDS });
  readonly #lookups = new Map<string, Promise<ApiKeyFacts | null>>();
  /** Rises when owners change: what was read under an older number is used once and not kept. */
  #generation = 0;

  constructor(database: Database, watch: RevocationWatch) {
    this.#database = database;
    this.#watch = watch;
    watch.onRevocation(({ subjectType, subjectId }) => {
      if (subjectType === 'user' || subjectType === 'service_account') this.#dropOwner(subjectId);
    });
  }

  async start(): Promise<void> {
    const generation = this.#generation;
    const rows = await this.#database.read('system', (tx) =>
      tx.rows<ApiKeyRow>(`${LIVE_KEYS} order by coalesce(k.last_used_at, k.created_at) desc limit ${KEYS_MAXIMUM}`),
    );
    if (generation !== this.#generation) return;
    for (const row of rows) this.#keys.set(row.hash, row);
  }

  /** Null when it is unknown, expired or revoked, or its owner is disabled. */
  async find(key: string): Promise<ApiKeyFacts | null> {
    if (!hasSecretForm(key, API_KEY_PREFIX)) return null;
    const hash = secretHash(key).toString('base64');
    // A look-up in a map by the hash tells nothing by its time: nobody can choose a hash's beginning.
    const facts = this.#keys.get(hash) ?? (await this.#lookUp(hash));
    if (facts === null || this.#watch.isRevoked(facts.id)) return null;
    return facts.expiresAt !== null && facts.expiresAt.getTime() <= Date.now() ? null : facts;
  }

  async #lookUp(hash: string): Promise<ApiKeyFacts | null> {
    if (this.#unknown.has(hash)) return null;
    const running = this.#lookups.get(hash);
    if (running !== undefined) return running;
    if (this.#lookups.size >= LOOKUPS_MAXIMUM)
      throw new PlatformError('UNAVAILABLE', 'Too many unknown API keys at once; try again shortly.');
    const lookup = this.#load(hash);
    this.#lookups.set(hash, lookup);
    try {
      return await lookup;
    } finally {
      if (this.#lookups.get(hash) === lookup) this.#lookups.delete(hash);
    }
  }

  async #load(hash: string): Promise<ApiKeyFacts | null> {
    const generation = this.#generation;
    const rows = await this.#database.read('system', (tx) =>
      tx.prepared<ApiKeyRow>('iam.api_key.find', `${LIVE_KEYS} and k.key_hash = decode($1, 'base64')`, [hash]),
    );
    const facts = rows[0] ?? null;
    if (generation !== this.#generation) return facts;
    if (facts === null) this.#unknown.set(hash, true);
    else this.#keys.set(hash, facts);
    return facts;
  }

  #dropOwner(ownerId: string): void {
    for (const [hash, facts] of this.#keys.entries()) if (facts.ownerId === ownerId) this.#keys.delete(hash);
    this.#generation += 1;
    this.#lookups.clear();
    this.#unknown.clear();
  }
}
