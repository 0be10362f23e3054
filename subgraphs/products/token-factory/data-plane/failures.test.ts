import OpenAI, { APIError, InternalServerError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../../kernel/testing/test-kernel.js';
import { type TestGateway, startTestGateway } from '../testing/test-gateway.js';

let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  gateway = await startTestGateway({ timings: { firstByteMilliseconds: 300, wholeMilliseconds: 300 } });
  client = new OpenAI({ apiKey: gateway.key, baseURL: gateway.url, maxRetries: 0 });
});
afterAll(() => gateway.close());

const messages = [{ role: 'user' as const, content: 'hi' }];

async function requestsOf(routeId: string, count: number): Promise<Record<string, unknown>[]> {
  return eventually(async () => {
    const rows = await gateway.test.kernel.database.read('system', (tx) =>
      tx.rows('select * from token_factory.model_requests where route_id = $1 order by id', [routeId]),
    );
    return rows.length >= count && rows;
  });
}

function charged(routeId: string, unit: string): bigint {
  const events = [...gateway.billing.events.values()].filter(
    (event) => event.resourceId === routeId && event.unit === unit,
  );
  return events.reduce((sum, event) => sum + event.baseQuantity, 0n);
}

describe('a stream that ends early', () => {
  it('charges a client that leaves for what was delivered, cancels the provider, and gives the rest of the hold back', async () => {
    const { routeId } = await gateway.addModel('long', {
      upstreamModel: 'echo?tokens=1000&delay_ms=2',
      maxOutputTokens: 2000,
    });
    const stream = await client.chat.completions.create({ model: 'long', messages, stream: true });
    let received = 0;
    for await (const chunk of stream) {
      if ((chunk.choices[0]?.delta.content ?? '') !== '') received += 1;
      if (received === 200) break;
    }
    const [row] = await requestsOf(routeId, 1);
    expect(row).toMatchObject({ result: 'cancelled', provenance: 'GATEWAY_COUNTED', input_tokens: 5 });
    expect(row?.['output_tokens']).toBeGreaterThanOrEqual(200);
    // What was under way when the connection closed, and no more: not the thousand that the model would have said.
    expect(row?.['output_tokens']).toBeLessThan(260);
    expect(charged(routeId, 'output_token')).toBe(BigInt(row?.['output_tokens'] as number));
    expect(gateway.billing.heldNanos).toBe(0n);
  });

  it('is an error event without [DONE] when the provider breaks off, and charges what was delivered', async () => {
    const { routeId } = await gateway.addModel('breaking', { upstreamModel: 'echo?tokens=50&break_after=7' });
    const stream = await client.chat.completions.create({ model: 'breaking', messages, stream: true });
    let text = '';
    const reading = (async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    })();
    await expect(reading).rejects.toMatchObject({ code: 'upstream_error' });
    await expect(reading).rejects.toBeInstanceOf(APIError);
    const [row] = await requestsOf(routeId, 1);
    expect(row).toMatchObject({
      result: 'failed',
      error_code: 'upstream_error',
      input_tokens: 5,
      output_tokens: 7,
      attempts: 1,
    });
    expect(text.startsWith('You said: hi')).toBe(true);
    expect(charged(routeId, 'output_token')).toBe(7n);
    const raw = await fetch(`${gateway.url}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'breaking', messages, stream: true }),
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    });
    const lines = await raw.text();
    expect(lines).not.toContain('[DONE]');
    expect(lines.trimEnd().split('\n\n').at(-1)).toContain('"code":"upstream_error"');
  });

  it('ends within a second when the key is revoked, and new requests are refused at once', async () => {
    const { routeId } = await gateway.addModel('endless', { upstreamModel: 'echo?tokens=900&delay_ms=10' });
    const { key } = gateway.iam.addKey(gateway.place);
    const own = new OpenAI({ apiKey: key, baseURL: gateway.url, maxRetries: 0 });
    const stream = await own.chat.completions.create({ model: 'endless', messages, stream: true });
    const revokedAt = performance.now();
    gateway.iam.keys.delete(key);
    await expect(own.models.list()).rejects.toMatchObject({ status: 401 });
    await expect(Array.fromAsync(stream)).rejects.toMatchObject({ code: 'invalid_api_key' });
    expect(performance.now() - revokedAt).toBeLessThan(1000);
    expect((await requestsOf(routeId, 1))[0]).toMatchObject({ result: 'failed', error_code: 'invalid_api_key' });
  });
});

describe('before the first byte', () => {
  it('falls back to the next tier, once for each target, and bills one answer', async () => {
    const broken = await gateway.addModel('broken-model', { upstreamModel: 'echo?fail', withoutRoute: true });
    const sound = await gateway.addModel('sound-model', { withoutRoute: true });
    const routeId = await gateway.command('token_factory.route.create', {
      projectId: gateway.place.projectId,
      name: 'fallback',
      targets: [
        { endpointId: broken.endpointId, tier: 0 },
        { endpointId: sound.endpointId, tier: 1 },
      ],
    });
    await gateway.command('token_factory.route.activate', { id: routeId });
    await eventually(() => client.models.retrieve('fallback').catch(() => null));
    const answer = await client.chat.completions.create({ model: 'fallback', messages });
    expect(answer.choices[0]?.message.content).toBe('You said: hi');
    const [row] = await requestsOf(routeId, 1);
    expect(row).toMatchObject({ attempts: 2, model_id: sound.modelId, result: 'succeeded', output_tokens: 3 });
    expect(charged(routeId, 'output_token')).toBe(3n);
    expect([...gateway.billing.events.values()].filter((event) => event.resourceId === routeId)).toHaveLength(2);
  });

  it('tries a lone target twice, and a retry is not billed twice', async () => {
    const { routeId } = await gateway.addModel('flaky', { upstreamModel: 'echo?fail_calls=1' });
    await client.chat.completions.create({ model: 'flaky', messages });
    expect((await requestsOf(routeId, 1))[0]).toMatchObject({ attempts: 2, result: 'succeeded' });
    expect(charged(routeId, 'input_token')).toBe(5n);
  });

  it('answers 503 provider_unavailable when nobody does, charges nothing, and the official client retries it', async () => {
    const { routeId } = await gateway.addModel('dead', { upstreamModel: 'echo?fail' });
    const error: unknown = await client.chat.completions
      .create({ model: 'dead', messages })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InternalServerError);
    expect(error).toMatchObject({ status: 503, code: 'provider_unavailable' });
    const [row] = await requestsOf(routeId, 1);
    expect(row).toMatchObject({ result: 'failed', attempts: 2, input_tokens: 0, output_tokens: 0, cost_nanos: 0n });
    const { routeId: recovering } = await gateway.addModel('recovering', { upstreamModel: 'echo?fail_calls=2' });
    const patient = new OpenAI({ apiKey: gateway.key, baseURL: gateway.url, maxRetries: 2 });
    expect((await patient.chat.completions.create({ model: 'recovering', messages })).choices).toHaveLength(1);
    expect((await requestsOf(recovering, 2)).map((one) => one['result'])).toEqual(['failed', 'succeeded']);
    expect(gateway.billing.heldNanos).toBe(0n);
  });

  it('gives up on a provider that hangs', async () => {
    const { routeId } = await gateway.addModel('hanging', { upstreamModel: 'echo?hang' });
    await expect(client.chat.completions.create({ model: 'hanging', messages })).rejects.toMatchObject({
      code: 'provider_unavailable',
    });
    expect((await requestsOf(routeId, 1))[0]).toMatchObject({ result: 'failed', attempts: 2 });
  });

  it('charges nothing when the client leaves before the first byte', async () => {
    const { routeId } = await gateway.addModel('slow-start', { upstreamModel: 'echo?first_delay_ms=250' });
    await expect(client.chat.completions.create({ model: 'slow-start', messages }, { timeout: 60 })).rejects.toThrow(
      /timed out/i,
    );
    expect((await requestsOf(routeId, 1))[0]).toMatchObject({ result: 'cancelled', cost_nanos: 0n, output_tokens: 0 });
    expect(gateway.billing.heldNanos).toBe(0n);
  });

  it('opens the circuit of a dead provider, tells its health, and closes it again', async () => {
    const { providerId, routeId } = await gateway.addModel('circuit', { upstreamModel: 'echo?fail_calls=5' });
    const health = async (): Promise<unknown> =>
      (
        await gateway.test.kernel.database.read('system', (tx) =>
          tx.row<{ health: string }>('select health from token_factory.provider_accounts where id = $1', [providerId]),
        )
      )?.health;
    for (let call = 0; call < 3; call += 1)
      await client.chat.completions.create({ model: 'circuit', messages }).catch(() => {});
    await eventually(async () => (await health()) === 'down');
    await eventually(() =>
      gateway.healthReports.some(
        (report) =>
          report.componentId === 'token-factory.providers' &&
          report.health === 'degraded' &&
          report.detail?.includes('circuit'),
      ),
    );
    // Refused without being asked: no attempt, and no pause between attempts.
    await expect(client.chat.completions.create({ model: 'circuit', messages })).rejects.toMatchObject({
      code: 'provider_unavailable',
    });
    const refused = (await requestsOf(routeId, 4))[3];
    expect(refused).toMatchObject({ result: 'failed', attempts: 0 });
    await eventually(() => client.chat.completions.create({ model: 'circuit', messages }).catch(() => null), {
      milliseconds: 8000,
    });
    await eventually(async () => (await health()) === 'healthy');
    // The feed tells what was committed only once no earlier transaction is open any more.
    const told = async (): Promise<unknown[]> => {
      const { events } = await gateway.test.kernel.feed.readAfter(
        0n,
        { types: ['token_factory.provider.health_changed'], subjectId: providerId },
        10,
      );
      return events.map(({ event }) => event.data['to']);
    };
    await eventually(async () => (await told()).length > 1);
    expect(await told()).toEqual(['down', 'healthy']);
  });
});

describe('nothing that is secret', () => {
  it('is in a log line: no key, no prompt, no answer', async () => {
    await gateway.addModel('quiet');
    const prompt = 'the-secret-prompt-of-this-test';
    await client.chat.completions.create({ model: 'quiet', messages: [{ role: 'user', content: prompt }] });
    await client.chat.completions
      .create({ model: 'nothing-here', messages: [{ role: 'user', content: prompt }] })
      .catch(() => {});
    const logged = gateway.logged.join('');
    expect(logged.length).toBeGreaterThan(100);
    for (const secret of [gateway.key, prompt, ...gateway.iam.keys.keys()]) expect(logged).not.toContain(secret);
  });
});
