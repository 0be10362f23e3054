import { readFileSync } from 'node:fs';
import Fastify, { type FastifyInstance } from 'fastify';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Actor, systemActor } from '../../../kernel/access/actor.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { projectPath } from '../../../kernel/project-path.js';
import type { Subgraph } from '../../../kernel/subgraph.js';
import {
  type TestKernel,
  eventually,
  startTestKernel,
  testHuman,
  untilSequenceable,
} from '../../../kernel/testing/test-kernel.js';
import { type Billing, billingDefinition, createBilling } from '../../platform/billing/index.js';
import { createEvidence, evidenceDefinition } from '../../platform/evidence/index.js';
import { type IamDomain, createIam, iamDefinition } from '../../platform/iam/index.js';
import { createRegistry, registryDefinition } from '../../platform/registry/index.js';
import { type SeededModels, createTokenFactory, seedModels, tokenFactoryDefinition } from './index.js';

/** Token Factory on the real platform: access, money, registry and evidence are the ones that run. */
let test: TestKernel;
let billing: Billing;
let iam: IamDomain;
let subgraphs: Subgraph[];
let server: FastifyInstance;
let seeded: SeededModels;
let url: string;
let organizationId: string;
let projectId: string;
let member: Actor;
let key: { id: string; secret: string };

async function run(
  action: string,
  input: object,
  actor: Actor = systemActor('test'),
): Promise<{ id: string; reveal: string | undefined }> {
  const command = subgraphs.flatMap((subgraph) => subgraph.commands).find((one) => one.action === action);
  if (command === undefined) throw new Error(`there is no command ${action}`);
  const result = await test.kernel.pipeline.execute(command, input, { actor, correlationId: newId('cor') });
  if (!result.ok) throw new Error(`${action}: ${JSON.stringify(result.refusals)}`);
  const value = result.value as { id?: string; userId?: string };
  return { id: value.id ?? value.userId ?? '', reveal: result.reveal };
}

async function createKey(): Promise<{ id: string; secret: string }> {
  const { id, reveal } = await run('iam.api_key.create', { projectId, name: 'test' }, member);
  return { id, secret: reveal ?? '' };
}

const clientOf = (secret: string, maxRetries = 0): OpenAI => new OpenAI({ apiKey: secret, baseURL: url, maxRetries });
const messages = [{ role: 'user' as const, content: 'hello platform' }];
const balance = () => test.kernel.database.read([organizationId], (tx) => billing.balance(tx, organizationId));

beforeAll(async () => {
  test = await startTestKernel({
    domains: [registryDefinition, iamDefinition, evidenceDefinition, billingDefinition, tokenFactoryDefinition],
    environment: { CP_PUBLIC_URL: 'http://platform.test' },
  });
  const { kernel } = test;
  const registry = createRegistry({ kernel });
  const evidence = createEvidence({ kernel });
  iam = createIam({ kernel, registry, evidence });
  kernel.pipeline.useAuthority(iam.authority);
  billing = createBilling({ kernel, iam, registry, configuration: kernel.configuration });
  const tokenFactory = createTokenFactory({
    kernel,
    iam,
    billing,
    registry,
    apps: { endpointsOf: async () => [] },
    configuration: kernel.configuration,
  });
  subgraphs = [registry, iam, evidence, billing, tokenFactory].map((domain) => domain.subgraph);
  test.runWorker(
    subgraphs.flatMap((subgraph) => subgraph.jobs),
    subgraphs.flatMap((subgraph) => subgraph.consumers),
  );
  for (const name of [
    'platform/registry',
    'platform/iam',
    'platform/evidence',
    'platform/billing',
    'products/token-factory',
  ]) {
    const outcome = await registry.registerPacket(
      JSON.parse(readFileSync(projectPath('subgraphs', ...name.split('/'), 'packet.json'), 'utf8')),
    );
    if (!outcome.ok) throw new Error(`${name}: ${JSON.stringify(outcome.refusals)}`);
  }
  registry.assertRegistered(subgraphs);
  seeded = await seedModels(kernel, iam);
  await billing.seedPriceBook(seeded.prices);
  for (const subgraph of subgraphs) await subgraph.start?.();
  organizationId = (await run('iam.organization.create', { name: 'Acme' })).id;
  projectId = (await run('iam.project.create', { organizationId, name: 'Models' })).id;
  const { id } = await run('iam.member.invite', {
    scopeId: projectId,
    subject: 'ada',
    issuer: 'https://idp.test',
    roles: ['project_member'],
  });
  member = testHuman([organizationId], { id, authenticatedAt: Math.floor(Date.now() / 1000) });
  await run('iam.quota.set', { scopeId: organizationId, dimension: 'model_routes', limit: 3n });
  await run('billing.account.top_up', { organizationId, amount: '1.00', reference: newId('top') });
  server = Fastify({ forceCloseConnections: true });
  await tokenFactory.subgraph.routes?.(server);
  url = `${await server.listen({ host: '127.0.0.1', port: 0 })}/v1`;
  key = await createKey();
  const route = await run(
    'token_factory.route.create',
    { projectId, name: 'echo', targets: [{ modelId: seeded.models['echo-small'] }] },
    member,
  );
  await run('token_factory.route.activate', { id: route.id }, member);
  await eventually(() =>
    clientOf(key.secret)
      .models.retrieve('echo')
      .catch(() => null),
  );
});

afterAll(async () => {
  await server.close();
  for (const subgraph of subgraphs.toReversed()) await subgraph.stop?.();
  await test.close();
});

describe('on the real platform', () => {
  it('a member makes a route and a key, and what it uses is on the ledger to the nano-unit', async () => {
    const before = await balance();
    const { usage } = await clientOf(key.secret).chat.completions.create({ model: 'echo', messages });
    const cost = BigInt(usage?.prompt_tokens ?? 0) * 100n + BigInt(usage?.completion_tokens ?? 0) * 400n;
    expect(usage).toMatchObject({ prompt_tokens: 6, completion_tokens: 4 });
    await eventually(async () => {
      const now = await balance();
      return now.heldNanos === 0n && before.postedNanos - now.postedNanos === cost;
    });
  });

  it('a stream is held in full while it runs, and settled for what it delivered', async () => {
    const route = await run(
      'token_factory.route.create',
      { projectId, name: 'echo-slow', targets: [{ modelId: seeded.models['echo-large'] }] },
      member,
    );
    await run('token_factory.route.activate', { id: route.id }, member);
    const client = clientOf(key.secret);
    await eventually(() => client.models.retrieve('echo-slow').catch(() => null));
    const before = await balance();
    const stream = await client.chat.completions.create({
      model: 'echo-slow',
      messages,
      stream: true,
      max_tokens: 100,
    });
    let delivered = 0;
    let heldNanos = 0n;
    for await (const chunk of stream) {
      if ((chunk.choices[0]?.delta.content ?? '') !== '') delivered += 1;
      if (delivered === 5) heldNanos = (await balance()).heldNanos;
    }
    expect(heldNanos).toBe(6n * 1000n + 100n * 4000n);
    expect(delivered).toBe(100);
    await eventually(async () => {
      const now = await balance();
      return now.heldNanos === 0n && before.postedNanos - now.postedNanos === 6n * 1000n + 100n * 4000n;
    });
  });

  it('concurrent requests never spend more than the balance: what cannot be held is refused', async () => {
    const poor = (await run('iam.organization.create', { name: 'Poor' })).id;
    const project = (await run('iam.project.create', { organizationId: poor, name: 'Models' })).id;
    const { id } = await run('iam.member.invite', {
      scopeId: project,
      subject: 'bob',
      issuer: 'https://idp.test',
      roles: ['project_admin'],
    });
    const bob = testHuman([poor], { id, authenticatedAt: Math.floor(Date.now() / 1000) });
    await run('billing.account.top_up', { organizationId: poor, amount: '0.00002', reference: newId('top') });
    const { reveal } = await run('iam.api_key.create', { projectId: project, name: 'poor' }, bob);
    await run('iam.quota.set', { scopeId: poor, dimension: 'model_routes', limit: 5n });
    const route = await run(
      'token_factory.route.create',
      { projectId: project, name: 'echo', targets: [{ modelId: seeded.models['echo-small'] }] },
      bob,
    );
    await run('token_factory.route.activate', { id: route.id }, bob);
    const client = clientOf(reveal ?? '');
    await eventually(() => client.models.retrieve('echo').catch(() => null));
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => client.chat.completions.create({ model: 'echo', messages, max_tokens: 10 })),
    );
    const funds = await eventually(async () => {
      const now = await test.kernel.database.read([poor], (tx) => billing.balance(tx, poor));
      return now.heldNanos === 0n && now;
    });
    const served = BigInt(answers.filter((answer) => answer.status === 'fulfilled').length);
    expect(served).toBeGreaterThan(0n);
    expect(served).toBeLessThan(20n);
    expect(funds.postedNanos).toBe(20_000n - served * (6n * 100n + 4n * 400n));
    expect(funds.postedNanos).toBeGreaterThanOrEqual(0n);
    const refused = answers.find((answer) => answer.status === 'rejected')?.reason as { code: string };
    expect(refused.code).toBe('insufficient_quota');
  });

  it('a revoked key stops within a second, and so does a key whose owner lost the role', async () => {
    const doomed = await createKey();
    const client = clientOf(doomed.secret);
    await client.chat.completions.create({ model: 'echo', messages });
    await run('iam.api_key.revoke', { id: doomed.id });
    const revokedAt = performance.now();
    await eventually(() =>
      client.models.list().then(
        () => false,
        (error: { status?: number }) => error.status === 401,
      ),
    );
    expect(performance.now() - revokedAt).toBeLessThan(1000);
    const { id } = await run('iam.member.invite', {
      scopeId: projectId,
      subject: 'eve',
      issuer: 'https://idp.test',
      roles: ['project_member'],
    });
    const eve = testHuman([organizationId], { id, authenticatedAt: Math.floor(Date.now() / 1000) });
    const { reveal } = await run('iam.api_key.create', { projectId, name: 'eve' }, eve);
    const hers = clientOf(reveal ?? '');
    await hers.models.list();
    await run('iam.role_binding.create', {
      scopeId: projectId,
      principalId: eve.id,
      role: 'project_member',
      effect: 'deny',
    });
    const deniedAt = performance.now();
    await eventually(() =>
      hers.models.list().then(
        () => false,
        (error: { status?: number }) => error.status === 403,
      ),
    );
    expect(performance.now() - deniedAt).toBeLessThan(1000);
  });

  it('a new price is charged within a second of its commit, and what runs keeps the price that it began with', async () => {
    const client = clientOf(key.secret);
    const costOfOne = async (): Promise<bigint> => {
      const { id } = await client.chat.completions.create({ model: 'echo', messages });
      const row = await eventually(() =>
        test.kernel.database.read('system', (tx) =>
          tx.row<{ cost_nanos: bigint }>('select cost_nanos from token_factory.model_requests where id = $1', [
            id.replace(/^.*-/, ''),
          ]),
        ),
      );
      return row.cost_nanos;
    };
    expect(await costOfOne()).toBe(6n * 100n + 4n * 400n);
    await run('billing.price.set', { priceKey: 'model:echo-small', unit: 'output_token', unitPrice: '0.0000005' });
    // Transactions of other tests that began earlier hold it up, and do not count.
    await untilSequenceable(test);
    const changedAt = performance.now();
    await eventually(async () => (await costOfOne()) === 6n * 100n + 4n * 500n);
    expect(performance.now() - changedAt).toBeLessThan(1500);
  });

  it('routes beyond the quota of the organization are refused, and retiring one makes room', async () => {
    const create = (name: string) =>
      run(
        'token_factory.route.create',
        { projectId, name, targets: [{ modelId: seeded.models['echo-small'] }] },
        member,
      );
    const third = await create('third');
    await expect(create('fourth')).rejects.toThrow('QUOTA_EXCEEDED');
    await expect(run('token_factory.route.retire', { id: third.id }, member)).rejects.toThrow(
      'token_factory.route.retire',
    );
    await run('token_factory.route.retire', { id: third.id });
    await create('fourth');
  });
});
