import { generateKeyPair, exportJWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type SigningKey,
  type TaskEnvelope,
  type Verifier,
  acceptVerifiers,
  signTask,
  signVerifiers,
  verifyTask,
} from './signed-task.js';
import { signNodeRequest, verifyNodeRequest } from './node-credential.js';

const now = new Date('2026-01-01T00:00:00Z');
const seconds = Math.floor(now.getTime() / 1000);
const task: TaskEnvelope = {
  taskId: 'ntk_1',
  nodeId: 'nod_1',
  type: 'diag.health_probe',
  params: {},
  epoch: 1,
  fence: 0,
  issuedAt: seconds,
  expiresAt: seconds + 60,
};

async function keyPair(keyId: string): Promise<{ signer: SigningKey; verifier: Verifier }> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  return { signer: { keyId, key: privateKey }, verifier: { keyId, publicKey: await exportJWK(publicKey) } };
}

let trusted: Awaited<ReturnType<typeof keyPair>>;
let stranger: Awaited<ReturnType<typeof keyPair>>;
beforeAll(async () => {
  [trusted, stranger] = [await keyPair('nts_1'), await keyPair('nts_1')];
});

const check = async (signed: string, nodeId = 'nod_1') =>
  verifyTask(signed, { nodeId, verifiers: [trusted.verifier], now });

describe('a signed task', () => {
  it('is accepted with a trusted signature, in time, of a known type and shape', async () => {
    expect(await check(await signTask(task, trusted.signer))).toMatchObject({
      ok: true,
      task: { taskId: 'ntk_1', type: 'diag.health_probe' },
    });
  });

  it('is refused when anybody else signed it, under the same key id too', async () => {
    expect(await check(await signTask(task, stranger.signer))).toMatchObject({
      ok: false,
      code: 'BAD_SIGNATURE',
      taskId: null,
    });
    expect(await check('not.a.jws')).toMatchObject({ ok: false, code: 'BAD_SIGNATURE' });
  });

  it('is refused when its content was changed', async () => {
    const [header, , signature] = (await signTask(task, trusted.signer)).split('.');
    const payload = Buffer.from(JSON.stringify({ ...task, fence: 9 })).toString('base64url');
    expect(await check(`${header}.${payload}.${signature}`)).toMatchObject({ ok: false, code: 'BAD_SIGNATURE' });
  });

  it('is refused when it is another kind of signed statement', async () => {
    expect(await check(await signVerifiers([trusted.verifier], trusted.signer, now))).toMatchObject({
      ok: false,
      code: 'BAD_SIGNATURE',
    });
  });

  it.each([
    ['EXPIRED', { expiresAt: seconds }],
    ['WRONG_NODE', { nodeId: 'nod_2' }],
    ['UNKNOWN_TYPE', { type: 'shell.run' }],
    ['UNKNOWN_TYPE', { type: 'toString' }],
    ['BAD_SCHEMA', { params: { command: 'rm -rf /' } }],
    ['BAD_SCHEMA', { type: 'slice.vm_release', params: {} }],
  ])('is refused as %s: %j', async (code, change) => {
    const signed = await signTask({ ...task, ...change }, trusted.signer);
    expect(await check(signed)).toMatchObject({ ok: false, code, taskId: 'ntk_1' });
  });
});

describe('the set of trusted keys', () => {
  it('is taken over only when a trusted key signed it, and never an older one', async () => {
    const next = await keyPair('nts_2');
    const held = { verifiers: [trusted.verifier], issuedAt: seconds };
    const signed = await signVerifiers([trusted.verifier, next.verifier], trusted.signer, now);
    expect((await acceptVerifiers(signed, held))?.verifiers).toHaveLength(2);
    expect(await acceptVerifiers(await signVerifiers([stranger.verifier], stranger.signer, now), held)).toBeNull();
    expect(await acceptVerifiers(signed, { ...held, issuedAt: seconds + 1 })).toBeNull();
    expect(await acceptVerifiers(await signTask(task, trusted.signer), held)).toBeNull();
  });
});

describe('a signed request of a node', () => {
  it('holds for this method, path, body, subject and moment only', async () => {
    const request = { method: 'POST', path: '/internal/v1/nodes/nod_1/heartbeat', body: '{"epoch":1}' };
    const token = await signNodeRequest(request, { subject: 'nod_1', key: trusted.signer.key, now });
    const verify = (change: Partial<typeof request> = {}, node = {}) =>
      verifyNodeRequest(
        token,
        { ...request, ...change },
        { subject: 'nod_1', publicKey: trusted.verifier.publicKey, now, ...node },
      );
    expect(await verify()).toBe(true);
    expect(await verify({ body: '{"epoch":2}' })).toBe(false);
    expect(await verify({ path: '/internal/v1/nodes/nod_2/heartbeat' })).toBe(false);
    expect(await verify({ method: 'GET' })).toBe(false);
    expect(await verify({}, { subject: 'nod_2' })).toBe(false);
    expect(await verify({}, { publicKey: stranger.verifier.publicKey })).toBe(false);
    expect(await verify({}, { now: new Date(now.getTime() + 120_000) })).toBe(false);
  });
});
