import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { canonicalJson } from '../../../kernel/commands/canonical-hash.js';
import type { Transaction } from '../../../kernel/database/transaction.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import type { MasterKey } from '../../../kernel/secrets/master-key.js';
import type { Secrets } from './contract.js';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
/** NIST SP 800-38D recommends 96 bits; each data key encrypts once, and the wrapping key far fewer than 2^32 times. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_VERSION = 1;
const PLAINTEXT_BYTES_MAXIMUM = 65_536;
/** `<domain>.<what it is for>`, such as `token_factory.provider_account`, and more parts that name which one. */
const PURPOSE = /^[a-z][a-z_]*(\.[A-Za-z0-9_-]{1,80}){1,3}$/;

interface SecretRow {
  readonly [column: string]: unknown;
  readonly organization_id: string | null;
  readonly purpose: string;
  readonly key_version: number;
  readonly wrapped_key: Buffer | null;
  readonly sealed: Buffer | null;
}

/**
 * Envelope encryption with AES-256-GCM: each secret has a data key of its own, wrapped by a subkey of the master key.
 * Organization, purpose and id are bound as associated data: a ciphertext that is moved to another row does not open.
 */
export function createSecrets(masterKey: () => Promise<MasterKey>): Secrets {
  const wrappingKey = async (version: number): Promise<Uint8Array> =>
    (await masterKey()).subkey('secrets-at-rest', version);
  return {
    async seal(tx, secret) {
      if (!PURPOSE.test(secret.purpose))
        throw new Error(`the purpose "${secret.purpose}" of a secret is not <domain>.<use>`);
      const plaintext = Buffer.from(secret.plaintext, 'utf8');
      if (plaintext.length === 0 || plaintext.length > PLAINTEXT_BYTES_MAXIMUM) {
        throw new Error(`a secret must have 1 to ${PLAINTEXT_BYTES_MAXIMUM} bytes`);
      }
      const secretId = newId('sec');
      const bound = associatedData(secretId, secret.organizationId, secret.purpose);
      const dataKey = randomBytes(KEY_BYTES);
      const wrapped = encrypt(await wrappingKey(KEY_VERSION), dataKey, bound);
      const sealed = encrypt(dataKey, plaintext, bound);
      dataKey.fill(0);
      await tx.execute(
        `insert into iam.secrets (id, organization_id, purpose, key_version, wrapped_key, sealed) values ($1, $2, $3, $4, $5, $6)`,
        [secretId, secret.organizationId, secret.purpose, KEY_VERSION, wrapped, sealed],
      );
      return { secretId };
    },
    async open(tx, secretId) {
      const row = await tx.row<SecretRow>(
        'select organization_id, purpose, key_version, wrapped_key, sealed from iam.secrets where id = $1',
        [secretId],
      );
      if (row === null || row.wrapped_key === null || row.sealed === null) return null;
      const bound = associatedData(secretId, row.organization_id, row.purpose);
      const dataKey = decrypt(await wrappingKey(row.key_version), row.wrapped_key, bound);
      return decrypt(dataKey, row.sealed, bound).toString('utf8');
    },
    destroy,
  };
}

async function destroy(tx: Transaction, secretId: string): Promise<void> {
  await tx.execute(
    'update iam.secrets set wrapped_key = null, sealed = null, destroyed_at = now() where id = $1 and destroyed_at is null',
    [secretId],
  );
}

function associatedData(id: string, organizationId: string | null, purpose: string): Buffer {
  return Buffer.from(canonicalJson([id, organizationId, purpose]), 'utf8');
}

/** nonce ‖ ciphertext ‖ tag */
function encrypt(key: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when the key is another one or a single bit was changed. */
function decrypt(key: Uint8Array, sealed: Buffer, associated: Uint8Array): Buffer {
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}
