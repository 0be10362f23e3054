import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emitEvent, defineEvent } from '../../../../kernel/events/event-type.js';
import { z } from 'zod';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { eventually } from '../../../../kernel/testing/test-kernel.js';
import { type FakeUpstream, contentChunk, finishChunk, startFakeUpstream } from '../testing/fake-upstream.js';
import { type TestGateway, startTestGateway } from '../testing/test-gateway.js';

const SECRET = 'sk-upstream-0123456789abcdef';
const instanceChanged = defineEvent({
  type: 'apps.instance.changed',
  subjectType: 'AppInstance',
  description: 'Test.',
  data: z.object({}),
});

let gateway: TestGateway;
let client: OpenAI;
let upstream: FakeUpstream;
let providerId: string;

beforeAll(async () => {
  gateway = await startTestGateway({ timings: { idleMilliseconds: 400, firstByteMilliseconds: 1500 } });
  client = new OpenAI({ apiKey: gateway.key, baseURL: gateway.url, maxRetries: 0 });
});
afterAll(() => gateway.close());

beforeEach(async () => {
  upstream = await startFakeUpstream();
  providerId = await gateway.command('token_factory.provider.create', {
    name: newId('tst'),
    kind: 'openai_compatible',
    baseUrl: upstream.url,
    secret: SECRET,
  });
});
afterEach(() => upstream.close());

const messages = [{ role: 'user' as const, content: 'what is the weather?' }];
const whole = (usage?: object) => ({
  id: 'up',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-upstream',
  system_fingerprint: 'fp',
  choices: [{ index: 0, message: { role: 'assistant', content: 'sunny and warm' }, finish_reason: 'stop' }],
  usage,
});
const requestRow = (id: string) =>
  eventually(() =>
    gateway.test.kernel.database.read('system', (tx) =>
      tx.row('select * from token_factory.model_requests where id = $1', [id.replace(/^.*-/, '')]),
    ),
  );
const lastRow = (routeId: string) =>
  eventually(() =>
    gateway.test.kernel.database.read('system', (tx) =>
      tx.row('select * from token_factory.model_requests where route_id = $1 order by id desc limit 1', [routeId]),
    ),
  );
const model = (name: string) =>
  gateway.addModel(name, { providerId, upstreamModel: 'gpt-upstream', tokenizer: 'utf8_bytes' });

describe('an OpenAI-compatible provider', () => {
  it('is sent its own model name, its key and known parameters only; the client sees its own name', async () => {
    await model('compatible');
    upstream.answers = [{ kind: 'json', body: whole({ prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 }) }];
    const answer = await client.chat.completions.create({
      model: 'compatible',
      messages,
      temperature: 0.5,
      max_completion_tokens: 50,
      user: 'me',
      metadata: { a: 'b' },
    });
    expect(answer).toMatchObject({
      model: 'compatible',
      choices: [{ message: { content: 'sunny and warm' } }],
      usage: { total_tokens: 12 },
    });
    expect(answer).not.toHaveProperty('system_fingerprint');
    const [sent] = upstream.requests;
    expect(sent?.body).toEqual({ model: 'gpt-upstream', messages, temperature: 0.5, max_completion_tokens: 50 });
    expect(sent?.headers['authorization']).toBe(`Bearer ${SECRET}`);
    expect(JSON.stringify(sent?.headers)).not.toContain(gateway.key);
    expect(await requestRow(answer.id)).toMatchObject({
      input_tokens: 9,
      output_tokens: 3,
      provenance: 'PROVIDER_REPORTED',
    });
  });

  it('without a report of usage is estimated, and says so', async () => {
    await model('unreported');
    upstream.answers = [{ kind: 'json', body: whole() }];
    const answer = await client.chat.completions.create({ model: 'unreported', messages });
    expect(await requestRow(answer.id)).toMatchObject({ input_tokens: 5, output_tokens: 4, provenance: 'ESTIMATED' });
  });

  it('that reports more than it was asked for is paid no more than was held', async () => {
    await model('greedy');
    upstream.answers = [
      { kind: 'json', body: whole({ prompt_tokens: 9, completion_tokens: 5_000, total_tokens: 5_009 }) },
    ];
    const before = gateway.billing.balanceNanos;
    const answer = await client.chat.completions.create({ model: 'greedy', messages, max_tokens: 10 });
    const row = await requestRow(answer.id);
    const bound = BigInt(Buffer.byteLength(messages[0]?.content ?? '') + 16) * 10n + 10n * 20n;
    expect(row?.['cost_nanos']).toBeLessThanOrEqual(bound);
    expect(before - gateway.billing.balanceNanos).toBe(row?.['cost_nanos']);
  });

  it('streams through; usage is always asked for and stripped when the client did not', async () => {
    await model('streaming-upstream');
    const usage = { prompt_tokens: 8, completion_tokens: 2, total_tokens: 10 };
    upstream.answers = [
      {
        kind: 'events',
        data: [contentChunk('sun'), contentChunk('ny'), finishChunk, { id: 'x', choices: [], usage }, '[DONE]'],
      },
    ];
    const chunks = await Array.fromAsync(
      await client.chat.completions.create({ model: 'streaming-upstream', messages, stream: true }),
    );
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('sunny');
    expect(chunks.every((chunk) => !('usage' in chunk))).toBe(true);
    expect(upstream.requests[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(await requestRow(chunks[0]?.id ?? '')).toMatchObject({
      input_tokens: 8,
      output_tokens: 2,
      provenance: 'PROVIDER_REPORTED',
    });
  });

  it.each([
    ['breaks the connection', { kind: 'events', data: [contentChunk('a'), contentChunk('b')], breaks: true }],
    ['ends without finishing', { kind: 'events', data: [contentChunk('a'), contentChunk('b')] }],
    [
      'reports an error',
      { kind: 'events', data: [contentChunk('a'), contentChunk('b'), { error: { message: SECRET } }] },
    ],
    ['says nothing sensible', { kind: 'events', data: [contentChunk('a'), contentChunk('b'), 'nonsense{'] }],
    [
      'falls silent',
      { kind: 'events', data: [contentChunk('a'), contentChunk('b'), contentChunk('c')], pauseMilliseconds: 700 },
    ],
  ] as const)('that %s in the middle costs what was delivered', async (what, answer) => {
    const { routeId } = await model(`middle-${what.replaceAll(' ', '-')}`);
    upstream.answers = [{ ...answer, data: [...answer.data] }];
    const stream = await client.chat.completions.create({
      model: `middle-${what.replaceAll(' ', '-')}`,
      messages,
      stream: true,
    });
    await expect(Array.fromAsync(stream)).rejects.toMatchObject({ code: 'upstream_error' });
    const row = await lastRow(routeId);
    expect(row).toMatchObject({ result: 'failed', provenance: 'ESTIMATED' });
    expect(row?.['output_tokens']).toBe(what === 'falls silent' ? 1 : 2);
  });

  it('is cancelled when the client leaves', async () => {
    const { routeId } = await model('left');
    upstream.answers = [
      {
        kind: 'events',
        data: Array.from({ length: 500 }, (_, index) => contentChunk(` ${index}`)),
        pauseMilliseconds: 5,
      },
    ];
    const stream = await client.chat.completions.create({ model: 'left', messages, stream: true });
    let seen = 0;
    for await (const _chunk of stream) if ((seen += 1) === 20) break;
    await eventually(() => upstream.cancelled === 1);
    const row = await lastRow(routeId);
    expect(row).toMatchObject({ result: 'cancelled' });
    expect(row?.['output_tokens']).toBeGreaterThanOrEqual(20);
    expect(row?.['output_tokens']).toBeLessThan(60);
  });

  it("that refuses the request is the caller's fault: told once, without our key, and asked nowhere else", async () => {
    await model('refusing');
    upstream.answers = [{ kind: 'json', status: 400, body: { error: { message: `bad schema near ${SECRET}` } } }];
    const error: unknown = await client.chat.completions
      .create({ model: 'refusing', messages })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 400, code: 'upstream_rejected' });
    expect((error as Error).message).toContain('bad schema near [redacted]');
    expect(upstream.requests).toHaveLength(1);
  });

  it.each([401, 403, 404, 429, 500])(
    'that answers %i looks unavailable from outside, and leaks nothing',
    async (status) => {
      await model(`status-${status}`);
      upstream.answers = [
        { kind: 'json', status, body: { error: { message: `Incorrect API key provided: ${SECRET}` } } },
      ];
      const error: unknown = await client.chat.completions
        .create({ model: `status-${status}`, messages })
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ status: 503, code: 'provider_unavailable' });
      expect(JSON.stringify(error)).not.toContain(SECRET);
      expect(upstream.requests).toHaveLength(2);
      expect(gateway.logged.join('')).not.toContain(SECRET);
    },
  );

  it('gets another key without a restart', async () => {
    await model('rotated');
    upstream.answers = [{ kind: 'json', body: whole({ prompt_tokens: 1, completion_tokens: 1 }) }];
    await gateway.command('token_factory.provider.update', { id: providerId, secret: 'sk-another-key-entirely' });
    await eventually(async () => {
      await client.chat.completions.create({ model: 'rotated', messages });
      return upstream.requests.at(-1)?.headers['authorization'] === 'Bearer sk-another-key-entirely';
    });
    expect([...gateway.iam.sealed.values()].filter((secret) => secret === SECRET).length).toBeLessThan(
      [...gateway.iam.sealed.values()].length,
    );
  });
});

describe('an app instance', () => {
  const tell = (instanceId: string) =>
    gateway.test.kernel.database.transaction('system', async (tx) => {
      const { organizationId, scope } = gateway.place;
      expect(organizationId).not.toBe('');
      emitEvent(
        tx,
        instanceChanged,
        { subjectId: instanceId, scope, data: {} },
        { correlationId: newId('cor'), actorId: 'system', now: new Date() },
      );
    });

  it('becomes a target by itself when its endpoint is ready, for its own project only, and stops being one when it is not', async () => {
    const { modelId } = await gateway.addModel('own-llama', {
      tokenizer: 'utf8_bytes',
      withoutRoute: true,
      upstreamModel: 'echo?fail',
    });
    await gateway.command('token_factory.endpoint.update', {
      id: (await gateway.addModel('unused', { withoutRoute: true })).endpointId,
      isEnabled: false,
    });
    const routeId = await gateway.command('token_factory.route.create', {
      organizationId: gateway.place.organizationId,
      name: 'llama',
      targets: [{ modelId }],
    });
    await gateway.command('token_factory.route.activate', { id: routeId });
    upstream.models = ['Own-Llama'];
    upstream.answers = [{ kind: 'json', body: whole({ prompt_tokens: 4, completion_tokens: 2 }) }];
    const view = {
      appInstanceId: newId('ain'),
      organizationId: gateway.place.organizationId,
      projectId: gateway.place.projectId,
      appSlug: 'vllm',
      endpointName: 'api',
      protocol: 'openai',
      url: upstream.url.replace('/v1', ''),
      isReady: true,
    };
    gateway.appEndpoints.push(view);
    await tell(view.appInstanceId);
    const served = async (): Promise<boolean> => {
      await client.chat.completions.create({ model: 'llama', messages }).catch(() => null);
      return upstream.requests.length > 0;
    };
    await eventually(served, { milliseconds: 15_000 });
    expect(upstream.requests[0]?.body['model']).toBe('Own-Llama');
    const stranger = gateway.iam.addKey(gateway.iam.addProject(gateway.place.organizationId));
    const before = upstream.requests.length;
    await expect(
      new OpenAI({ apiKey: stranger.key, baseURL: gateway.url, maxRetries: 0 }).chat.completions.create({
        model: 'llama',
        messages,
      }),
    ).rejects.toMatchObject({ status: 503 });
    expect(upstream.requests).toHaveLength(before);
    gateway.appEndpoints.splice(0, 1, { ...view, isReady: false });
    await tell(view.appInstanceId);
    await eventually(async () => {
      const count = upstream.requests.length;
      await client.chat.completions.create({ model: 'llama', messages }).catch(() => null);
      await client.chat.completions.create({ model: 'llama', messages }).catch(() => null);
      return upstream.requests.length === count;
    });
  });
});
