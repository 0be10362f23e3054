import OpenAI, { RateLimitError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../../kernel/testing/test-kernel.js';
import { type TestGateway, startTestGateway } from '../testing/test-gateway.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const messages = [{ role: 'user' as const, content: 'hi' }];
const clientOf = (key: string): OpenAI => new OpenAI({ apiKey: key, baseURL: gateway.url, maxRetries: 0 });

/** Sets a policy of a fresh API key and waits until the gateway obeys it. */
async function limitedKey(limits: object): Promise<OpenAI> {
  const { key, apiKeyId } = gateway.iam.addKey(gateway.place);
  await gateway.command('token_factory.policy.set', { projectId: gateway.place.projectId, apiKeyId, ...limits });
  await new Promise((resolve) => {
    setTimeout(resolve, 1000);
  });
  return clientOf(key);
}

describe('limits', () => {
  it('admit exactly 100 of 300 concurrent requests, tell the rest when to come back, and say so in headers', async () => {
    await gateway.addModel('rpm');
    const client = await limitedKey({ requestsPerMinute: 100 });
    const answers = await Promise.allSettled(
      Array.from({ length: 300 }, () => client.chat.completions.create({ model: 'rpm', messages })),
    );
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(100);
    expect(
      refused.every(
        (error) => error instanceof RateLimitError && error.code === 'rate_limit_exceeded' && error.type === 'requests',
      ),
    ).toBe(true);
    const wait = Number((refused[0] as RateLimitError).headers.get('retry-after'));
    expect(wait).toBeGreaterThan(50);
    expect(wait).toBeLessThanOrEqual(61);
  }, 60_000);

  it('never let more tokens through than the limit, and count what was used rather than what was feared', async () => {
    await gateway.addModel('tpm', { upstreamModel: 'echo?tokens=10' });
    const client = await limitedKey({ tokensPerMinute: 663 });
    const ask = () => client.chat.completions.create({ model: 'tpm', messages, max_tokens: 95 });
    // Each may use 5 + 95 tokens: six fit at once, whatever they use in the end.
    const first = await Promise.allSettled(Array.from({ length: 40 }, ask));
    expect(first.filter((answer) => answer.status === 'fulfilled')).toHaveLength(6);
    // Six used 15 each; what they did not use is back.
    const { response } = await client.chat.completions
      .create({ model: 'tpm', messages, max_tokens: 95 })
      .withResponse();
    expect(response.headers.get('x-ratelimit-limit-tokens')).toBe('663');
    expect(Number(response.headers.get('x-ratelimit-remaining-tokens'))).toBe(663 - 6 * 15 - 100);
    expect(response.headers.get('x-ratelimit-reset-tokens')).toMatch(/^(1m)?\d+s$/);
    const tooLarge: unknown = await client.chat.completions
      .create({ model: 'tpm', messages, max_tokens: 900 })
      .catch((thrown: unknown) => thrown);
    expect(tooLarge).toMatchObject({ status: 429, type: 'tokens' });
    expect((tooLarge as RateLimitError).headers.get('x-should-retry')).toBe('false');
  });

  it('are refused for a key that the project does not have', async () => {
    const { apiKeyId } = gateway.iam.addKey(gateway.iam.addProject(gateway.place.organizationId));
    const { projectId } = gateway.place;
    await expect(gateway.command('token_factory.policy.set', { projectId, apiKeyId })).rejects.toThrow(
      /The project has no API key/,
    );
  });

  it('bind a project and each of its keys together', async () => {
    await gateway.addModel('both');
    const place = gateway.iam.addProject(gateway.place.organizationId);
    const [one, other] = [gateway.iam.addKey(place), gateway.iam.addKey(place)];
    const model = (await clientOf(gateway.key).models.retrieve('both')).id;
    await gateway.command('token_factory.policy.set', { projectId: place.projectId, requestsPerMinute: 3 });
    await gateway.command('token_factory.policy.set', {
      projectId: place.projectId,
      apiKeyId: one.apiKeyId,
      requestsPerMinute: 2,
    });
    const shared = await gateway.addModel('shared', { withoutRoute: true });
    const routeId = await gateway.command('token_factory.route.create', {
      organizationId: place.organizationId,
      name: 'of-the-organization',
      targets: [{ modelId: shared.modelId }],
    });
    await gateway.command('token_factory.route.activate', { id: routeId });
    const ask = (key: string) => clientOf(key).chat.completions.create({ model: 'of-the-organization', messages });
    await eventually(() =>
      clientOf(one.key)
        .models.retrieve('of-the-organization')
        .catch(() => null),
    );
    await ask(one.key);
    await ask(one.key);
    await expect(ask(one.key)).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
    await ask(other.key);
    await expect(ask(other.key)).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
    expect(model).toBe('both');
  });

  it('keep models off that are not on the allow-list, whatever the route is called, and audit it', async () => {
    await gateway.addModel('allowed');
    const forbidden = await gateway.addModel('forbidden', { withoutRoute: true });
    const client = await limitedKey({ allowedModels: ['allowed'] });
    const alias = await gateway.command('token_factory.route.create', {
      projectId: gateway.place.projectId,
      name: 'innocent',
      targets: [{ modelId: forbidden.modelId }],
    });
    await gateway.command('token_factory.route.activate', { id: alias });
    await eventually(() =>
      clientOf(gateway.key)
        .models.retrieve('innocent')
        .catch(() => null),
    );
    await client.chat.completions.create({ model: 'allowed', messages });
    await expect(client.chat.completions.create({ model: 'innocent', messages })).rejects.toMatchObject({
      status: 403,
      code: 'model_not_allowed',
      param: 'model',
    });
    expect(gateway.authority.records.at(-1)).toMatchObject({
      result: 'denied',
      reasonCode: 'MODEL_NOT_ALLOWED',
      targetId: alias,
    });
    expect((await Array.fromAsync(client.models.list())).map((model) => model.id)).toEqual(['allowed']);
  });

  it('bound prompt and answer', async () => {
    await gateway.addModel('sized', { contextWindowTokens: 40, maxOutputTokens: 30 });
    const client = await limitedKey({ maxInputTokens: 20, maxOutputTokens: 10 });
    const free = clientOf(gateway.key);
    const long = [{ role: 'user' as const, content: 'word '.repeat(30) }];
    await expect(client.chat.completions.create({ model: 'sized', messages: long })).rejects.toMatchObject({
      status: 400,
      code: 'max_input_exceeded',
      param: 'messages',
    });
    await expect(client.chat.completions.create({ model: 'sized', messages, max_tokens: 11 })).rejects.toMatchObject({
      status: 400,
      param: 'max_tokens',
    });
    await expect(
      free.chat.completions.create({ model: 'sized', messages: [{ role: 'user', content: 'word '.repeat(60) }] }),
    ).rejects.toMatchObject({ code: 'context_length_exceeded' });
    await expect(
      free.chat.completions.create({ model: 'sized', messages: long, max_tokens: 20 }),
    ).rejects.toMatchObject({ param: 'max_tokens' });
    expect((await client.chat.completions.create({ model: 'sized', messages })).usage?.completion_tokens).toBe(3);
  });
});

describe('the snapshot', () => {
  it('follows a change within one second of its commit', async () => {
    const { routeId } = await gateway.addModel('switched');
    const client = clientOf(gateway.key);
    for (const [action, isServed] of [
      ['disable', false],
      ['activate', true],
      ['disable', false],
    ] as const) {
      await gateway.command(`token_factory.route.${action}`, { id: routeId });
      const committedAt = performance.now();
      await eventually(async () => {
        const served = await client.models.retrieve('switched').then(
          () => true,
          () => false,
        );
        return served === isServed;
      });
      expect(performance.now() - committedAt).toBeLessThan(1000);
    }
    await expect(client.chat.completions.create({ model: 'switched', messages })).rejects.toMatchObject({
      code: 'model_not_found',
    });
  });

  it('is kept in memory: a request asks the database for nothing but its money', async () => {
    await gateway.addModel('lean');
    const client = clientOf(gateway.key);
    await client.chat.completions.create({ model: 'lean', messages });
    await client.models.list();
    const { database } = gateway.test.kernel;
    const statements: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const before = database.statementCount;
      await client.models.list();
      statements.push(database.statementCount - before);
    }
    // Background work may fall into a round or two; the request itself has none.
    expect(Math.min(...statements)).toBe(0);
  });
});
