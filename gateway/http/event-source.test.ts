import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { startTickingGateway, type TickingGateway } from '../testing/ticking-gateway.js';

const TICKS = 'subscription ($after: String) { ticks(after: $after) { cursor n subject { name employer { title } } } }';

let test: TickingGateway;
const access = { controller: new AbortController(), released: 0 };
beforeAll(async () => {
  test = await startTickingGateway({
    streamLimits: { heartbeatSeconds: 0.1 },
    openStream: ({ name }) => {
      if (name === 'refused') throw new PlatformError('FORBIDDEN', 'No streams for you.');
      return { signal: access.controller.signal, release: () => void access.released++ };
    },
  });
});
afterAll(async () => test.stop());

interface Request {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
  readonly method?: 'GET' | 'POST';
}

const going: AbortController[] = [];
afterAll(() => {
  for (const controller of going) controller.abort();
});

async function ask({ query, variables = {}, headers = {}, method = 'POST' }: Request): Promise<Response> {
  const leaving = new AbortController();
  going.push(leaving);
  const common = { signal: leaving.signal, headers: { accept: 'text/event-stream', ...headers } };
  if (method === 'POST') {
    const body = JSON.stringify({ query, variables });
    return fetch(test.url, {
      ...common,
      method,
      body,
      headers: { ...common.headers, 'content-type': 'application/json' },
    });
  }
  const parameters = new URLSearchParams({ query, variables: JSON.stringify(variables) });
  return fetch(`${test.url}?${parameters.toString()}`, common);
}

/** Reads a response until the text matches, or it ends. */
async function readUntil(response: Response, pattern: RegExp): Promise<string> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (!pattern.test(text)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text;
}

const complete = /event: complete\n/;

describe('server-sent events', () => {
  it.each(['GET', 'POST'] as const)(
    'stream a subscription asked for by %s, for the official client too',
    async (method) => {
      const client = createClient({
        url: test.url,
        retryAttempts: 0,
        ...(method === 'GET' ? { fetchFn: getInsteadOfPost } : {}),
      });
      const start = test.graph.log.length;
      for (let n = 0; n < 3; n++) test.graph.tick();
      const received: unknown[] = [];
      for await (const { data } of client.iterate<{ ticks: { n: number } }>({
        query: TICKS,
        variables: { after: `t${start}` },
      })) {
        if (received.push(data?.ticks.n) === 3) break;
      }
      expect(received).toEqual([start + 1, start + 2, start + 3]);
      await expect.poll(() => test.graph.counts.open).toBe(0);
    },
  );

  it('answer a query as one event', async () => {
    const response = await ask({ query: '{ clockName }', method: 'GET' });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await response.text()).toBe(
      ':\n\nevent: next\ndata: {"data":{"clockName":"clock"}}\n\nevent: complete\ndata:\n\n',
    );
  });

  it.each([
    ['does not parse', '{ clockName {', 'GRAPHQL_PARSE_FAILED', ''],
    ['is not valid', '{ nothing }', 'GRAPHQL_VALIDATION_FAILED', ''],
    ['may not be streamed to the caller', TICKS, 'FORBIDDEN', 'Bearer refused'],
    ['gets a wrong cursor', 'subscription { ticks(after: "t999999") { n } }', 'BAD_USER_INPUT', ''],
  ])('tell in an event why an operation is refused that %s', async (_, query, code, authorization) => {
    const response = await ask({ query, headers: authorization === '' ? {} : { authorization } });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toContain('event: next\ndata: {"errors":[');
    expect(text).toContain(`"code":"${code}"`);
    expect(text).toMatch(complete);
  });

  it.each<[string, number, string, RequestInit]>([
    ['whose token is refused', 401, 'TOKEN_INVALID', { headers: { authorization: 'Bearer bad' } }],
    ['that is no JSON', 400, 'BAD_REQUEST', { body: '{' }],
    ['of another content type', 415, 'UNSUPPORTED_MEDIA_TYPE', { headers: { 'content-type': 'text/plain' } }],
  ])('are not begun for a request %s: it gets a status', async (_, status, code, { body, headers }) => {
    const response = await fetch(test.url, {
      method: 'POST',
      body: body ?? JSON.stringify({ query: TICKS }),
      headers: { accept: 'text/event-stream', 'content-type': 'application/json', ...(headers as object) },
    });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
  });

  it('send a comment as heartbeat while nothing happens', async () => {
    const response = await ask({ query: TICKS });
    expect(await readUntil(response, /:\n\n.*:\n\n.*:\n\n/s)).not.toContain('event:');
  });

  it('end upstream when the client goes', async () => {
    const releasedBefore = access.released;
    const leaving = new AbortController();
    const parameters = new URLSearchParams({ query: TICKS });
    const response = await fetch(`${test.url}?${parameters.toString()}`, {
      headers: { accept: 'text/event-stream' },
      signal: leaving.signal,
    });
    await response.body?.getReader().read();
    leaving.abort();
    await expect.poll(() => access.released).toBe(releasedBefore + 1);
  });
});

describe('the position of an event source', () => {
  it('is the id of each event, and is told before the first', async () => {
    const start = test.graph.log.length;
    const response = await ask({ query: TICKS });
    expect(await readUntil(response, /id: /)).toMatch(new RegExp(`^:\\n\\nid: t${start}\\n\\n$`));
    test.graph.tick();
    expect(await readUntil(response, /data: .*\n\n/)).toMatch(
      new RegExp(`id: t${start + 1}\\nevent: next\\ndata: \\{"data":\\{"ticks":\\{"cursor":"t${start + 1}"`),
    );
  });

  it('is where it goes on when it comes back with Last-Event-ID', async () => {
    const start = test.graph.log.length;
    for (let n = 0; n < 3; n++) test.graph.tick();
    const response = await ask({
      query: TICKS,
      variables: { after: `t${start}` },
      headers: { 'last-event-id': `t${start + 2}` },
    });
    const text = await readUntil(response, /event: next\n.*\n\n/);
    expect(text).toContain(`"n":${start + 3}`);
    expect(text).not.toContain(`"n":${start + 1},`);
  });

  it('stands beside the reason when the stream ends', async () => {
    access.controller = new AbortController();
    const start = test.graph.log.length;
    const response = await ask({ query: TICKS });
    await readUntil(response, /id: /);
    access.controller.abort(new PlatformError('ACCESS_REVOKED', 'The role was revoked.'));
    const text = await readUntil(response, complete);
    expect(text).toContain('"message":"The role was revoked."');
    expect(text).toContain(`"lastCursor":"t${start}"`);
    access.controller = new AbortController();
  });

  it('and the end of the credential are announced in a form that the official client passes over', async () => {
    const response = await ask({ query: TICKS, headers: { authorization: 'Bearer ada:400' } });
    expect(await readUntil(response, /credential-expires/)).toMatch(/:credential-expires \d{4}-\d\d-\d\dT[\d:.]+Z\n\n/);
    expect(await readUntil(response, complete)).toContain('"code":"TOKEN_EXPIRED"');
    const client = createClient({ url: test.url, retryAttempts: 0, headers: { authorization: 'Bearer ada:300' } });
    const results = await Array.fromAsync(client.iterate({ query: TICKS }));
    expect(results).toMatchObject([{ errors: [{ extensions: { code: 'TOKEN_EXPIRED' } }] }]);
  });
});

/** The official client always posts. */
const getInsteadOfPost = async (url: string, init: RequestInit): Promise<Response> => {
  const { query, variables } = JSON.parse(init.body as string) as { query: string; variables: object };
  const parameters = new URLSearchParams({ query, variables: JSON.stringify(variables) });
  const { method: _, body: __, headers, ...rest } = init;
  const { 'content-type': ___, ...kept } = headers as Record<string, string>;
  return fetch(`${url}?${parameters.toString()}`, { ...rest, headers: kept });
};
