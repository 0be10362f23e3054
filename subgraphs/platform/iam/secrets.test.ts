import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Transaction } from '../../../kernel/database/transaction.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { MasterKey } from '../../../kernel/secrets/master-key.js';
import { type TestKernel, startTestKernel } from '../../../kernel/testing/test-kernel.js';
import { createSecrets } from './secrets.js';
import { credentialDefinition } from './testing/credential-world.js';

let test: TestKernel;
const masterKey = MasterKey.generate();
const secrets = createSecrets(async () => masterKey);
const organizationId = newId('org');
const purpose = 'token_factory.provider_account';

beforeAll(async () => {
  test = await startTestKernel({ domains: [credentialDefinition] });
});
afterAll(() => test.close());

const inside = <Result>(work: (tx: Transaction) => Promise<Result>, organization = organizationId): Promise<Result> =>
  test.kernel.database.transaction([organization], work);
const asSystem = <Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> =>
  test.kernel.database.transaction('system', work);

const seal = (plaintext = 'the plaintext'): Promise<{ secretId: string }> =>
  inside((tx) => secrets.seal(tx, { organizationId, purpose, plaintext }));

describe('a secret at rest', () => {
  it('opens as it was sealed, and its row shows nothing of it', async () => {
    const { secretId } = await seal('naïve ✓');
    expect(await inside((tx) => secrets.open(tx, secretId))).toBe('naïve ✓');
    const row = await asSystem((tx) =>
      tx.row<{ row: string; sealed: Buffer }>('select s::text as row, sealed from iam.secrets s where id = $1', [
        secretId,
      ]),
    );
    expect(row?.row).not.toContain('naïve');
    expect(row?.sealed.toString('utf8')).not.toContain('naïve');
  });

  it('has a key and a nonce of its own each time', async () => {
    const [first, second] = [await seal(), await seal()];
    const rows = await asSystem((tx) =>
      tx.rows<{ sealed: Buffer }>('select sealed from iam.secrets where id = any ($1)', [
        [first.secretId, second.secretId],
      ]),
    );
    expect(rows[0]?.sealed.equals(rows[1]?.sealed ?? Buffer.alloc(0))).toBe(false);
  });

  it('does not open for another organization, which does not even see it, nor under another master key', async () => {
    const { secretId } = await seal();
    expect(await inside((tx) => secrets.open(tx, secretId), newId('org'))).toBeNull();
    await expect(inside((tx) => createSecrets(async () => MasterKey.generate()).open(tx, secretId))).rejects.toThrow(
      /authenticate|auth/i,
    );
  });

  it('does not open when a bit of it, its purpose or its organization was changed, or it was moved to another row', async () => {
    const changes = [
      `update iam.secrets set sealed = set_byte(sealed, 14, get_byte(sealed, 14) # 1) where id = $1`,
      `update iam.secrets set wrapped_key = set_byte(wrapped_key, 20, get_byte(wrapped_key, 20) # 1) where id = $1`,
      `update iam.secrets set purpose = 'iam.signing_key' where id = $1`,
      `update iam.secrets set organization_id = null where id = $1`,
      `update iam.secrets s set (wrapped_key, sealed) = (select o.wrapped_key, o.sealed from iam.secrets o where o.id <> s.id and o.purpose = s.purpose and o.sealed is not null limit 1) where id = $1`,
    ];
    await seal('another one');
    for (const change of changes) {
      const { secretId } = await seal();
      expect(await asSystem((tx) => tx.execute(change, [secretId]))).toBe(1);
      await expect(asSystem((tx) => secrets.open(tx, secretId))).rejects.toThrow(/authenticate|auth/i);
    }
  });

  it('is gone once it is destroyed, and destroying again changes nothing', async () => {
    const { secretId } = await seal();
    await inside((tx) => secrets.destroy(tx, secretId));
    await inside((tx) => secrets.destroy(tx, secretId));
    expect(await inside((tx) => secrets.open(tx, secretId))).toBeNull();
    const row = await asSystem((tx) =>
      tx.row<{ sealed: Buffer | null; wrapped_key: Buffer | null }>(
        'select sealed, wrapped_key from iam.secrets where id = $1',
        [secretId],
      ),
    );
    expect(row).toEqual({ sealed: null, wrapped_key: null });
  });

  it('is not sealed for a purpose without form, nor when it is empty or huge', async () => {
    const attempt = (values: { purpose?: string; plaintext?: string }): Promise<unknown> =>
      inside((tx) => secrets.seal(tx, { organizationId, purpose, plaintext: 'x', ...values }));
    await expect(attempt({ purpose: 'anything' })).rejects.toThrow('purpose');
    await expect(attempt({ plaintext: '' })).rejects.toThrow('bytes');
    await expect(attempt({ plaintext: 'x'.repeat(70_000) })).rejects.toThrow('bytes');
  });
});
