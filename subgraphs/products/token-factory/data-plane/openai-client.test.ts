import OpenAI, {
  APIError,
  AuthenticationError,
  BadRequestError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../../kernel/testing/test-kernel.js';
import { type TestGateway, startTestGateway } from '../testing/test-gateway.js';

let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  gateway = await startTestGateway();
  client = new OpenAI({ apiKey: gateway.key, baseURL: gateway.url, maxRetries: 0 });
});
afterAll(() => gateway.close());

const say = (content: string) => [{ role: 'user' as const, content }];

async function requestRow(id: string): Promise<Record<string, unknown>> {
  return eventually(() =>
    gateway.test.kernel.database.read('system', (tx) =>
      tx.row('select * from token_factory.model_requests where id = $1', [id.replace(/^.*-/, '')]),
    ),
  );
}

describe('the official client', () => {
  it('gets an answer, and the project pays for exactly its tokens', async () => {
    const { routeId } = await gateway.addModel('plain');
    const { data, response } = await client.chat.completions
      .create({ model: 'plain', messages: say('hello there world') })
      .withResponse();
    expect(data).toMatchObject({
      object: 'chat.completion',
      model: 'plain',
      choices: [{ message: { role: 'assistant', content: 'You said: hello there world' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 },
    });
    expect(response.headers.get('x-request-id')).toMatch(/^cor_/);
    expect(Number(response.headers.get('openai-processing-ms'))).toBeGreaterThanOrEqual(0);
    expect(await requestRow(data.id)).toMatchObject({
      route_id: routeId,
      result: 'succeeded',
      input_tokens: 7,
      output_tokens: 5,
      provenance: 'PROVIDER_REPORTED',
      cost_nanos: 170n,
      api_key_id: gateway.apiKeyId,
      correlation_id: response.headers.get('x-request-id'),
    });
    const events = [...gateway.billing.events.values()].filter((event) => event.resourceId === routeId);
    expect(events.map((event) => [event.unit, event.baseQuantity, event.resourceType])).toEqual([
      ['input_token', 7n, 'ModelRoute'],
      ['output_token', 5n, 'ModelRoute'],
    ]);
    expect(gateway.billing.heldNanos).toBe(0n);
  });

  it('gets the same answer again, cut at max_tokens with the reason "length"', async () => {
    await gateway.addModel('cut', { upstreamModel: 'echo?tokens=30' });
    const ask = () => client.chat.completions.create({ model: 'cut', messages: say('again'), max_tokens: 10 });
    const [first, second] = [await ask(), await ask()];
    expect(first.choices[0]).toMatchObject({ finish_reason: 'length' });
    expect(first.choices).toEqual(second.choices);
    expect(first.usage?.completion_tokens).toBe(10);
  });

  it('gets a stream: content, finish chunk, usage chunk with empty choices', async () => {
    await gateway.addModel('streamed', { upstreamModel: 'echo?tokens=12' });
    const stream = await client.chat.completions.create({
      model: 'streamed',
      messages: say('stream it'),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 6, completion_tokens: 12, total_tokens: 18 },
    });
    expect(chunks.at(-2)?.choices[0]).toMatchObject({ finish_reason: 'stop', delta: {} });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null && chunk.model === 'streamed')).toBe(true);
    expect(await requestRow(chunks[0]?.id ?? '')).toMatchObject({
      is_streaming: true,
      output_tokens: 12,
      result: 'succeeded',
    });
  });

  it('gets no usage in a stream that it did not ask for, and the stream ends with [DONE]', async () => {
    await gateway.addModel('unasked');
    const response = await fetch(`${gateway.url}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'unasked', messages: say('hi'), stream: true }),
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const text = await response.text();
    expect(text).not.toContain('usage');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(
      text
        .split('\n\n')
        .filter(Boolean)
        .every((event) => event.startsWith('data: ')),
    ).toBe(true);
  });

  it('gets plain completions and embeddings', async () => {
    await gateway.addModel('completing');
    await gateway.addModel('vectors', { modality: 'embedding' });
    const completion = await client.completions.create({ model: 'completing', prompt: 'once upon' });
    expect(completion).toMatchObject({
      object: 'text_completion',
      choices: [{ text: 'You said: once upon' }],
      usage: { total_tokens: 10 },
    });
    const vectors = await client.embeddings.create({ model: 'vectors', input: ['a', 'b', 'a'], dimensions: 16 });
    expect(vectors.data.map((item) => item.embedding.length)).toEqual([16, 16, 16]);
    expect(vectors.data[0]?.embedding).toEqual(vectors.data[2]?.embedding);
    expect(vectors.data[0]?.embedding).not.toEqual(vectors.data[1]?.embedding);
    expect(vectors.usage).toEqual({ prompt_tokens: 15, total_tokens: 15 });
  });

  it('lists and finds models', async () => {
    await gateway.addModel('org/Listed.Model-7b');
    const names = (await Array.fromAsync(client.models.list())).map((model) => model.id);
    expect(names).toContain('org/Listed.Model-7b');
    expect(await client.models.retrieve('org/Listed.Model-7b')).toMatchObject({
      object: 'model',
      owned_by: gateway.place.projectId,
    });
    await expect(client.models.retrieve('nothing')).rejects.toBeInstanceOf(NotFoundError);
  });
});

describe('errors', () => {
  const ask = (overrides: object = {}, options: { key?: string; headers?: Record<string, string> } = {}) =>
    new OpenAI({
      apiKey: options.key ?? gateway.key,
      baseURL: gateway.url,
      maxRetries: 0,
      defaultHeaders: options.headers ?? {},
    }).chat.completions.create({
      model: 'errors',
      messages: say('x'),
      ...overrides,
    } as never);

  beforeAll(async () => {
    await gateway.addModel('errors', { maxOutputTokens: 100 });
  });

  it('are AuthenticationError for an unknown key, a missing one and an invalid token', async () => {
    await expect(ask({}, { key: 'gpk_unknown' })).rejects.toBeInstanceOf(AuthenticationError);
    await expect(ask({}, { key: 'not.a.token' })).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
    const response = await fetch(`${gateway.url}/models`);
    expect(response.status).toBe(401);
    expect(Object.keys(((await response.json()) as { error: object }).error).sort()).toEqual([
      'code',
      'message',
      'param',
      'type',
    ]);
  });

  it.each([
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'nobody', content: 'x' }] }, 'messages[0].role'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
      'messages[0].content[0].type',
    ],
    [{ temperature: 9 }, 'temperature'],
    [{ n: 3 }, 'n'],
    [{ unheard_of: 1 }, 'unheard_of'],
    [{ max_tokens: 101 }, 'max_tokens'],
    [{ max_completion_tokens: 101 }, 'max_completion_tokens'],
  ])('are BadRequestError that name the parameter: %j', async (overrides, param) => {
    const error: unknown = await ask(overrides).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ param, type: 'invalid_request_error' });
  });

  it('are 400 for a body that is no JSON, 404 for an unknown path, 415 for another media type', async () => {
    const post = (path: string, body: string, type = 'application/json') =>
      fetch(`${gateway.url}${path}`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${gateway.key}`, 'content-type': type },
      });
    expect(await (await post('/chat/completions', '{')).json()).toMatchObject({
      error: { code: 'invalid_json', param: null },
    });
    expect((await post('/images/generations', '{}')).status).toBe(404);
    expect((await post('/chat/completions', 'x', 'text/plain')).status).toBe(415);
  });

  it("are NotFoundError for another project's route, and the key of a project reaches no other", async () => {
    const other = gateway.iam.addKey(gateway.iam.addProject());
    const error: unknown = await ask({}, { key: other.key }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ code: 'model_not_found', param: 'model' });
    await expect(ask({}, { headers: { 'OpenAI-Project': gateway.iam.addProject().projectId } })).rejects.toMatchObject({
      status: 403,
      code: 'project_boundary',
    });
  });

  it('are PermissionDeniedError without the permission, and the path through a platform token needs a project', async () => {
    const stranger = {
      kind: 'human',
      id: 'usr_x',
      displayName: '',
      organizationIds: [gateway.place.organizationId],
      assurance: 2,
    } as const;
    gateway.iam.tokens.set('a.b.c', stranger);
    await expect(ask({}, { key: 'a.b.c' })).rejects.toMatchObject({ status: 400, param: 'OpenAI-Project' });
    const named = { key: 'a.b.c', headers: { 'OpenAI-Project': gateway.place.projectId } };
    await expect(ask({}, named)).rejects.toBeInstanceOf(PermissionDeniedError);
    expect(gateway.authority.records.at(-1)).toMatchObject({
      action: 'token_factory.request.create',
      result: 'denied',
      reasonCode: 'NO_BINDING',
    });
    gateway.authority.grant('usr_x', 'token_factory.request.create', gateway.place.projectId);
    await expect(ask({}, named)).resolves.toMatchObject({ model: 'errors' });
  });

  it('are insufficient_quota with x-should-retry: false for an exhausted balance: the client obeys', async () => {
    const before = gateway.billing.balanceNanos;
    gateway.billing.balanceNanos = 1n;
    const asked = gateway.billing.holdsAsked;
    const patient = new OpenAI({ apiKey: gateway.key, baseURL: gateway.url, maxRetries: 3 });
    const error: unknown = await patient.chat.completions
      .create({ model: 'errors', messages: say('x') })
      .catch((thrown: unknown) => thrown);
    gateway.billing.balanceNanos = before;
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ code: 'insufficient_quota', type: 'insufficient_quota' });
    expect((error as APIError).headers?.get('x-should-retry')).toBe('false');
    expect(gateway.billing.holdsAsked - asked).toBe(1);
    expect(gateway.authority.records.at(-1)).toMatchObject({
      action: 'token_factory.request.create',
      result: 'denied',
      reasonCode: 'INSUFFICIENT_BALANCE',
    });
  });

  it('clamps max_tokens to what the balance pays for, only if the caller allowed it', async () => {
    await eventually(() => gateway.billing.heldNanos === 0n);
    const before = gateway.billing.balanceNanos;
    gateway.billing.balanceNanos = 5n * 10n + 3n * 20n;
    const refused: unknown = await ask({ max_tokens: 50 }).catch((thrown: unknown) => thrown);
    const { data, response } = await new OpenAI({
      apiKey: gateway.key,
      baseURL: gateway.url,
      maxRetries: 0,
      defaultHeaders: { 'x-clamp-max-tokens': 'true' },
    }).chat.completions
      .create({ model: 'errors', messages: say('x'), max_tokens: 50 })
      .withResponse();
    await requestRow(data.id);
    expect(gateway.billing.balanceNanos).toBeGreaterThanOrEqual(0n);
    gateway.billing.balanceNanos = before;
    expect(refused).toMatchObject({ code: 'insufficient_quota' });
    expect(response.headers.get('x-clamped-max-tokens')).toBe('3');
    expect(data.usage?.completion_tokens).toBeLessThanOrEqual(3);
  });

  it('are 503 for a model whose price is unknown: nothing runs without one', async () => {
    await gateway.addModel('unpriced');
    gateway.billing.priceBook.delete('model:unpriced output_token');
    await expect(ask({ model: 'unpriced' })).rejects.toMatchObject({ status: 503, code: 'price_unknown' });
    expect(gateway.billing.heldNanos).toBe(0n);
  });
});
