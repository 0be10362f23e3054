import { type CryptoKey, type JWK, SignJWT, importJWK } from 'jose';
import type { Database } from '../../../../../kernel/database/database.js';
import { PlatformError } from '../../../../../kernel/errors/platform-error.js';
import type { Secrets } from '../../contract.js';
import type { SigningKeyState } from '../../domain/credentials/signing-key-rotation.js';

/** Ed25519 (RFC 8037): small signatures, no parameters to choose wrongly. */
export const SIGNING_ALGORITHM = 'EdDSA';
/** RFC 9068, 2.1. */
export const TOKEN_TYPE = 'at+jwt';

/** A key that another process made active is used from here after this long at the latest. */
const REFRESH_MILLISECONDS = 30_000;
/** Unknown key ids make us look again, but not more often than this. */
const COOLDOWN_MILLISECONDS = 1000;

interface KeyRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly state: SigningKeyState;
  readonly public_jwk: JWK;
  readonly secret_id: string;
}

interface LoadedKeys {
  readonly loadedAt: number;
  readonly rows: readonly KeyRow[];
  readonly verifiers: ReadonlyMap<string, CryptoKey>;
}

/** The keys that sign and verify platform tokens, as the database has them. */
export class SigningKeyRing {
  readonly #database: Database;
  readonly #secrets: Secrets;
  #loaded: LoadedKeys = { loadedAt: 0, rows: [], verifiers: new Map() };
  #loading: Promise<LoadedKeys> | undefined;
  #signer: { readonly id: string; readonly key: CryptoKey } | undefined;

  constructor(database: Database, secrets: Secrets) {
    this.#database = database;
    this.#secrets = secrets;
  }

  /** The public key set (RFC 7517): what signs, what will, and what did while its tokens live. */
  async publicKeys(): Promise<{ keys: JWK[] }> {
    const { rows } = await this.#current();
    return { keys: rows.map((row) => ({ ...row.public_jwk, kid: row.id, alg: SIGNING_ALGORITHM, use: 'sig' })) };
  }

  /** The key of a token's header, or null when it is none of ours. */
  async verifier(keyId: string | undefined): Promise<CryptoKey | null> {
    if (keyId === undefined) return null;
    const known = (await this.#current()).verifiers.get(keyId);
    if (known !== undefined) return known;
    if (Date.now() - this.#loaded.loadedAt < COOLDOWN_MILLISECONDS) return null;
    return (await this.reload()).verifiers.get(keyId) ?? null;
  }

  /** Signs an access token (RFC 9068) with the active key. */
  async sign(claims: Readonly<Record<string, unknown>>): Promise<string> {
    const signer = await this.#activeKey();
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: TOKEN_TYPE, kid: signer.id })
      .sign(signer.key);
  }

  async reload(): Promise<LoadedKeys> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #current(): Promise<LoadedKeys> {
    if (Date.now() - this.#loaded.loadedAt < REFRESH_MILLISECONDS) return this.#loaded;
    return this.reload();
  }

  async #load(): Promise<LoadedKeys> {
    const rows = await this.#database.read('system', (tx) =>
      tx.prepared<KeyRow>(
        'iam.signing_keys.list',
        `select id, state, public_jwk, secret_id from iam.signing_keys where state <> 'retired' order by id`,
        [],
      ),
    );
    const verifiers = new Map<string, CryptoKey>();
    for (const row of rows) {
      verifiers.set(row.id, this.#loaded.verifiers.get(row.id) ?? (await importKey(row.public_jwk)));
    }
    this.#loaded = { loadedAt: Date.now(), rows, verifiers };
    return this.#loaded;
  }

  async #activeKey(): Promise<{ id: string; key: CryptoKey }> {
    const row = (await this.#current()).rows.find((candidate) => candidate.state === 'active');
    if (row === undefined)
      throw new PlatformError('UNAVAILABLE', 'No key signs tokens at the moment; try again shortly.');
    if (this.#signer?.id === row.id) return this.#signer;
    const sealed = await this.#database.read('system', (tx) => this.#secrets.open(tx, row.secret_id));
    if (sealed === null) throw new Error(`the private key of signing key ${row.id} was destroyed while it is active`);
    this.#signer = { id: row.id, key: await importKey(JSON.parse(sealed) as JWK) };
    return this.#signer;
  }
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, SIGNING_ALGORITHM);
  if (key instanceof Uint8Array) throw new Error('a signing key cannot be symmetric');
  return key;
}
