import { type JsonWebKey, createPrivateKey } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { type JWK, exportJWK, generateKeyPair } from 'jose';
import type { Database } from '../../../../kernel/database/database.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { PlatformError } from '../../../../kernel/errors/platform-error.js';
import {
  type SigningKey,
  type TaskEnvelope,
  type Verifier,
  signTask,
  signVerifiers,
} from '../../../../agent/protocol/signed-task.js';
import type { Secrets } from '../../../platform/iam/index.js';

interface SignerRow {
  readonly [column: string]: unknown;
  readonly key_id: string;
  readonly status: 'staged' | 'active' | 'grace';
  readonly public_key: JWK;
  readonly secret_id: string;
}

const FRESH_MILLISECONDS = 30_000;

/**
 * Signs tasks with the active key, and knows which keys agents may accept: a staged one is published before it signs, a
 * grace one is accepted after it stopped. Keys are read again now and then, so another process's rotation is noticed.
 */
export class TaskSigner {
  readonly #database: Database;
  readonly #secrets: Secrets;
  readonly #announcements = new EventEmitter().setMaxListeners(0);
  #active: SigningKey | undefined;
  #verifiers: Verifier[] = [];
  #signedSet: { text: string; issuedAt: Date } | undefined;
  #loadedAt = 0;
  #loading: Promise<void> | undefined;

  constructor(database: Database, secrets: Secrets) {
    this.#database = database;
    this.#secrets = secrets;
  }

  /** Reads the keys. Signs nothing until there is an active one. */
  async load(): Promise<void> {
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #read(): Promise<void> {
    await this.#database.transaction('system', async (tx) => {
      const rows = await tx.rows<SignerRow>(
        `select key_id, status, public_key, secret_id from allocations.task_signers where status <> 'retired' order by key_id`,
      );
      this.#verifiers = rows.map((row) => ({ keyId: row.key_id, publicKey: row.public_key }));
      const active = rows.find((row) => row.status === 'active');
      if (active !== undefined && active.key_id !== this.#active?.keyId) this.#active = await this.#open(tx, active);
    });
    this.#signedSet = undefined;
    this.#loadedAt = Date.now();
  }

  async #open(tx: Transaction, row: SignerRow): Promise<SigningKey> {
    const text = await this.#secrets.open(tx, row.secret_id);
    if (text === null) throw new Error(`the private part of task signer ${row.key_id} is gone`);
    return { keyId: row.key_id, key: createPrivateKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' }) };
  }

  async #fresh(): Promise<SigningKey> {
    if (this.#active === undefined || Date.now() - this.#loadedAt > FRESH_MILLISECONDS) await this.load();
    if (this.#active === undefined)
      throw new PlatformError('UNAVAILABLE', 'There is no key to sign node tasks with yet.');
    return this.#active;
  }

  async sign(task: TaskEnvelope): Promise<string> {
    return signTask(task, await this.#fresh());
  }

  /** The keys agents may accept, for an enrolment. */
  async verifiers(): Promise<{ verifiers: readonly Verifier[]; issuedAt: number }> {
    await this.#fresh();
    return { verifiers: this.#verifiers, issuedAt: Math.floor(this.#loadedAt / 1000) };
  }

  /** The same, signed by the active key, for those that trust it already. */
  async signedVerifiers(): Promise<string> {
    const signer = await this.#fresh();
    if (this.#signedSet === undefined) {
      const issuedAt = new Date(this.#loadedAt);
      this.#signedSet = { text: await signVerifiers(this.#verifiers, signer, issuedAt), issuedAt };
    }
    return this.#signedSet.text;
  }

  /** Tells those who wait for tasks of the node, once the transaction has committed. A hint: they look by themselves too. */
  announce(tx: Transaction, nodeId: string): void {
    tx.afterCommit(() => this.#announcements.emit(nodeId));
  }

  onAnnouncement(nodeId: string, listener: () => void): () => void {
    this.#announcements.on(nodeId, listener);
    return () => this.#announcements.off(nodeId, listener);
  }
}

/** Makes a key, sealed. The key id is its RFC 7638 thumbprint's stand-in: random and unique. */
export async function newSigner(
  tx: Transaction,
  secrets: Secrets,
  keyId: string,
): Promise<{ publicKey: JWK; secretId: string }> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const plaintext = JSON.stringify(await exportJWK(privateKey));
  const { secretId } = await secrets.seal(tx, {
    organizationId: null,
    purpose: `allocations.task_signer.${keyId}`,
    plaintext,
  });
  return { publicKey: await exportJWK(publicKey), secretId };
}
