import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CredentialWorld, startCredentialWorld } from '../../testing/credential-world.js';
import { OAuthClients } from '../../testing/oauth-clients.js';
import { RevocationWatch } from './revocation-watch.js';

let world: CredentialWorld;
let clients: OAuthClients;

beforeAll(async () => {
  world = await startCredentialWorld();
  clients = new OAuthClients(world);
});
afterAll(() => world.close());

describe('revocations', () => {
  it('are forgotten when nothing can need them, and only then', async () => {
    await world.kernel.database.transaction('system', async (tx) => {
      await tx.execute(`insert into iam.revocations (subject_type, subject_id, forget_at) values
        ('token', 'tkn_old', now() - interval '1 second'), ('token', 'tkn_new', now() + interval '1 hour')`);
    });
    const job = world.parts.jobs.find(({ name }) => name === 'iam.forget_revocations');
    expect(await job?.run(new AbortController().signal)).toBe(false);
    const rows = await world.kernel.database.read('system', (tx) =>
      tx.rows(`select subject_id from iam.revocations where subject_id in ('tkn_old', 'tkn_new')`),
    );
    expect(rows).toEqual([{ subject_id: 'tkn_new' }]);
  });

  it('that cannot be heard of stop every credential, instead of being missed', async () => {
    const token = await clients.mint(await clients.makeClient());
    const deaf = new RevocationWatch({
      feed: world.kernel.feed,
      logger: world.kernel.logger,
      database: { read: () => Promise.reject(new Error('the database is away')) } as never,
    });
    await expect(deaf.look()).rejects.toThrow('the database is away');
    expect(() => deaf.assertFresh()).toThrow('cannot be checked');
    const hearing = new RevocationWatch(world.kernel);
    await hearing.look();
    expect(() => hearing.assertFresh()).not.toThrow();
    expect(await clients.authenticate(token)).toBeDefined();
  });

  it('of a slow transaction are heard of too, though later ones were committed first', async () => {
    const watch = new RevocationWatch(world.kernel);
    await watch.look();
    const insert = `insert into iam.revocations (subject_type, subject_id, forget_at) values ('token', $1, now() + interval '1 hour')`;
    await world.kernel.database.transaction('system', async (slow) => {
      await slow.execute(insert, ['tkn_slow']);
      await world.kernel.database.transaction('system', (fast) => fast.execute(insert, ['tkn_fast']));
      await watch.look();
      expect([watch.isRevoked('tkn_fast'), watch.isRevoked('tkn_slow')]).toEqual([true, false]);
    });
    await watch.look();
    expect(watch.isRevoked('tkn_slow')).toBe(true);
  });
});
