import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CredentialWorld, startCredentialWorld } from '../testing/credential-world.js';
import { OAuthClients } from '../testing/oauth-clients.js';

let world: CredentialWorld;
let clients: OAuthClients;

beforeAll(async () => {
  world = await startCredentialWorld();
  clients = new OAuthClients(world);
});
afterAll(() => world.close());

describe('the keys that sign', () => {
  const age = (state: string, seconds: number): Promise<number> =>
    world.kernel.database.transaction('system', (tx) =>
      tx.execute(
        `update iam.signing_keys set state_changed_at = state_changed_at - make_interval(secs => $2) where state = $1`,
        [state, seconds],
      ),
    );
  const rotate = async (): Promise<void> => {
    const job = world.parts.jobs.find(({ name }) => name === 'iam.rotate_signing_keys');
    await job?.run(new AbortController().signal);
  };
  const states = async (): Promise<string[]> => {
    const rows = await world.kernel.database.read('system', (tx) =>
      tx.rows<{ state: string }>('select state from iam.signing_keys order by id'),
    );
    return rows.map(({ state }) => state);
  };
  const published = async (): Promise<number> => {
    const { keys } = (await (await fetch(`${world.url}/.well-known/jwks.json`)).json()) as { keys: unknown[] };
    return keys.length;
  };

  it('rotate with overlap: published before they sign, verifying after, and destroyed at the end', async () => {
    const client = await clients.makeClient();
    const before = await clients.mint(client);
    await rotate();
    expect(await states()).toEqual(['active']);
    await age('active', 31 * 24 * 3600);
    await rotate();
    expect(await states()).toEqual(['active', 'staged']);
    expect(await published()).toBe(2);
    await age('staged', 7200);
    await rotate();
    expect(await states()).toEqual(['grace', 'active']);
    const other = await world.addNode();
    const after = await clients.mint(client);
    for (const token of [before, after])
      expect(await clients.authenticate(token, other)).toMatchObject({ id: client.accountId });
    await age('grace', 3600);
    await rotate();
    expect(await states()).toEqual(['retired', 'active']);
    expect(await published()).toBe(1);
    const sealed = await world.kernel.database.read('system', (tx) =>
      tx.rows(
        `select s.sealed from iam.secrets s join iam.signing_keys k on k.secret_id = s.id where k.state = 'retired'`,
      ),
    );
    expect(sealed).toEqual([{ sealed: null }]);
    const third = await world.addNode();
    await expect(clients.authenticate(before, third)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    expect(await clients.authenticate(after, third)).toMatchObject({ id: client.accountId });
  });

  it('are one, however many processes start at the same time', async () => {
    await Promise.all([world.addNode(), world.addNode(), world.addNode()]);
    expect((await states()).filter((state) => state === 'active')).toHaveLength(1);
  });
});
