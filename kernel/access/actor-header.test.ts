import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { MasterKey } from '../secrets/master-key.js';
import { testHuman } from '../testing/test-kernel.js';
import { type Actor, ANONYMOUS, systemActor } from './actor.js';
import { signActor, verifyActor } from './actor-header.js';

const key = MasterKey.generate().subkey('actor-header');
const account: Actor = {
  kind: 'service_account',
  id: 'sva_1',
  displayName: 'Robot',
  organizationIds: ['org_1'],
  projectId: 'prj_1',
  allowList: ['allocations.*'],
  credentialId: 'jti_1',
  assurance: 0,
  expiresAt: 2_000_000_000,
};

async function handMade(
  actor: unknown,
  header: { alg: string; typ: string },
  issuedAt: number,
  lifetime = 60,
): Promise<string> {
  const token = new SignJWT({ actor }).setProtectedHeader(header).setIssuedAt(issuedAt);
  return token.setExpirationTime(issuedAt + lifetime).sign(key);
}

const now = (): number => Math.floor(Date.now() / 1000);

describe('the actor header', () => {
  it('carries every kind of actor unchanged', async () => {
    for (const actor of [account, ANONYMOUS, testHuman('*'), testHuman(['org_1'])]) {
      expect(await verifyActor(await signActor(actor, key), key)).toEqual(actor);
    }
  });

  it('refuses the system actor, both to sign and to accept', async () => {
    await expect(signActor(systemActor('x'), key)).rejects.toThrow('never leaves');
    const forged = await handMade(systemActor('x'), { alg: 'HS256', typ: 'actor+jwt' }, now());
    await expect(verifyActor(forged, key)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
  });

  it('refuses another key, another type, no signature, rubbish, and a header that lives too long', async () => {
    const header = await signActor(account, key);
    await expect(verifyActor(header, MasterKey.generate().subkey('actor-header'))).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
    });
    await expect(verifyActor('rubbish', key)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    const [, payload] = header.split('.');
    const none = `${Buffer.from('{"alg":"none","typ":"actor+jwt"}').toString('base64url')}.${payload}.`;
    await expect(verifyActor(none, key)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await expect(
      verifyActor(await handMade(account, { alg: 'HS256', typ: 'at+jwt' }, now()), key),
    ).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    const old = await handMade(account, { alg: 'HS256', typ: 'actor+jwt' }, now() - 600, 3600);
    await expect(verifyActor(old, key)).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  });

  it('expires', async () => {
    const old = await handMade(account, { alg: 'HS256', typ: 'actor+jwt' }, now() - 120);
    await expect(verifyActor(old, key)).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  });

  it('refuses to carry more organizations than a request may', async () => {
    const everywhere = testHuman(Array.from({ length: 600 }, (_, index) => `org_${String(index).padStart(26, '0')}`));
    await expect(signActor(everywhere, key)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
