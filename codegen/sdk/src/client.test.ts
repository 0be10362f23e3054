import { afterEach, describe, expect, it } from 'vitest';
import { ControlPlane } from './client.js';
import { ControlPlaneError, unwrap } from './errors.js';
import { pages } from './pages.js';
import { type Answer, json, startScriptedServer } from './testing/scripted-server.js';
import { serviceAccount } from './tokens.js';
import type { TypedDocument } from './transport.js';

const Thing: TypedDocument<{ thing: string }, Record<string, unknown>> = {
  name: 'Thing',
  operation: 'query',
  text: 'query Thing { thing }',
};
const Make: TypedDocument<{ make: string }, { input: { idempotencyKey?: string } }> = {
  name: 'Make',
  operation: 'mutation',
  text: 'mutation Make($input: I!) { make(input: $input) }',
};
const Ticks: TypedDocument<{ ticks: { cursor: string; gap: null; n: number } }, { after?: string | null }> = {
  name: 'Ticks',
  operation: 'subscription',
  text: 'subscription Ticks($after: Cursor) { ticks(after: $after) { cursor gap n } }',
};
const retry = { attempts: 3, pauseMilliseconds: 1 };
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(graphql: Answer, token?: Answer): Promise<Awaited<ReturnType<typeof startScriptedServer>>> {
  const server = await startScriptedServer(token === undefined ? { graphql } : { graphql, token });
  closing.push(() => server.close());
  return server;
}

describe('requests', () => {
  it('answer typed data, and carry token, operation name and correlation id', async () => {
    const server = await serve((_request, response) => json(response, { data: { thing: 'a' } }));
    const client = new ControlPlane({ url: server.url, token: 'abc' });
    expect(await client.request(Thing, {}, { correlationId: 'cor-1' })).toEqual({ thing: 'a' });
    expect(server.requests[0]?.headers).toMatchObject({ authorization: 'Bearer abc', 'x-correlation-id': 'cor-1' });
    expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({ operationName: 'Thing' });
  });

  it('send the identifier of a document instead of its text when asked to, if it has one', async () => {
    const server = await serve((_request, response) => json(response, { data: { thing: 'a' } }));
    const client = new ControlPlane({ url: server.url, sendsDocumentIds: true });
    await client.request({ ...Thing, id: 'sha256:abc' }, {});
    await client.request(Thing, {});
    expect(server.requests.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { documentId: 'sha256:abc', operationName: 'Thing', variables: {} },
      { query: Thing.text, operationName: 'Thing', variables: {} },
    ]);
  });

  it('retry queries after 503 and lost connections, and give up after the attempts', async () => {
    const flaky = await serve((_request, response, count) => {
      if (count === 1) response.writeHead(503).end('busy');
      else if (count === 2) response.destroy();
      else json(response, { data: { thing: 'b' } });
    });
    expect(await new ControlPlane({ url: flaky.url, retry }).request(Thing, {})).toEqual({ thing: 'b' });
    const dead = await serve((_request, response) => void response.writeHead(503).end('busy'));
    await expect(new ControlPlane({ url: dead.url, retry }).request(Thing, {})).rejects.toMatchObject({
      failure: { kind: 'http', status: 503 },
    });
    expect(dead.requests).toHaveLength(3);
  });

  it('retry a mutation only when it carries an idempotency key', async () => {
    const server = await serve((_request, response, count) => {
      if (count % 2 === 1) response.destroy();
      else json(response, { data: { make: 'made' } });
    });
    const client = new ControlPlane({ url: server.url, retry });
    expect(await client.request(Make, { input: { idempotencyKey: 'k' } })).toEqual({ make: 'made' });
    await expect(client.request(Make, { input: {} })).rejects.toMatchObject({ failure: { kind: 'network' } });
    expect(server.requests).toHaveLength(3);
  });

  it('honour Retry-After', async () => {
    const server = await serve((_request, response, count) => {
      if (count > 1) return json(response, { data: { thing: 'c' } });
      const errors = [{ message: 'slow down', extensions: { code: 'RATE_LIMITED', retryable: true } }];
      return json(response, { errors }, 429, { 'retry-after': '1' });
    });
    const startedAt = performance.now();
    await new ControlPlane({ url: server.url, retry }).request(Thing, {});
    expect(performance.now() - startedAt).toBeGreaterThan(950);
  });

  it('tell failures apart, with code and correlation id', async () => {
    const errors = [{ message: 'no', extensions: { code: 'FORBIDDEN', correlationId: 'cor-9', retryable: false } }];
    const server = await serve((_request, response) => json(response, { data: null, errors }));
    const failure = await new ControlPlane({ url: server.url, retry })
      .request(Thing, {})
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ControlPlaneError);
    expect(failure).toMatchObject({ code: 'FORBIDDEN', correlationId: 'cor-9', failure: { kind: 'graphql' } });
    expect(server.requests).toHaveLength(1);
  });

  it('end when the caller gives up', async () => {
    const server = await serve(() => {});
    const call = new ControlPlane({ url: server.url, retry }).request(Thing, {}, { signal: AbortSignal.timeout(30) });
    await expect(call).rejects.toMatchObject({ failure: { kind: 'aborted' } });
  });
});

describe('tokens of a service account', () => {
  const token: Answer = (_request, response, count) =>
    json(response, { access_token: `t${count}`, expires_in: 300, token_type: 'Bearer' });

  it('are minted once for requests at the same time, and renewed when one is refused', async () => {
    const server = await serve((request, response) => {
      if (request.headers.authorization === 'Bearer t1')
        return json(response, { errors: [{ message: 'revoked', extensions: { code: 'TOKEN_INVALID' } }] }, 401);
      return json(response, { data: { thing: request.headers.authorization } });
    }, token);
    const client = new ControlPlane({
      url: server.url,
      retry,
      token: serviceAccount({ tokenUrl: server.tokenUrl, clientId: 'id', clientSecret: 's:/' }),
    });
    const answers = await Promise.all([
      client.request(Thing, {}),
      client.request(Thing, {}),
      client.request(Thing, {}),
    ]);
    expect(new Set(answers.map((answer) => answer.thing))).toEqual(new Set(['Bearer t2']));
  });

  it('report what the token endpoint refused', async () => {
    const server = await serve(
      () => {},
      (_request, response) => json(response, { error: 'invalid_client' }, 401),
    );
    const client = new ControlPlane({
      url: server.url,
      retry,
      token: serviceAccount({ tokenUrl: server.tokenUrl, clientId: 'id', clientSecret: 'no' }),
    });
    await expect(client.request(Thing, {})).rejects.toMatchObject({
      failure: { kind: 'token', error: 'invalid_client' },
    });
  });
});

describe('streams', () => {
  it('come back after a lost connection with the last cursor, and stop when the caller stops', async () => {
    const server = await serve((request, response) => {
      const { after } = (JSON.parse(request.body) as { variables: { after: string | null } }).variables;
      const start = after === null ? 1 : Number(after) + 1;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const n of [start, start + 1]) {
        response.write(
          `: heartbeat\n\nevent: next\ndata: ${JSON.stringify({ data: { ticks: { cursor: String(n), gap: null, n } } })}\n\n`,
        );
      }
      setTimeout(() => response.destroy(), 10);
    });
    const seen: number[] = [];
    let reconnects = 0;
    const client = new ControlPlane({ url: server.url, retry });
    for await (const event of client.stream(Ticks, {}, { onReconnect: () => (reconnects += 1) })) {
      seen.push(event.n);
      if (event.n === 6) break;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
    expect(reconnects).toBe(2);
  });

  it('come back from a connection that fell silent, and from one that never answers', async () => {
    const server = await serve((request, response, count) => {
      if (count === 1) return; // Never answers.
      const { after } = (JSON.parse(request.body) as { variables: { after: string | null } }).variables;
      const n = Number(after ?? 0) + 1;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        `event: next\ndata: ${JSON.stringify({ data: { ticks: { cursor: String(n), gap: null, n } } })}\n\n`,
      );
    });
    const seen: number[] = [];
    const causes: string[] = [];
    const client = new ControlPlane({ url: server.url, retry, timeoutMilliseconds: 50 });
    const onReconnect = (error: ControlPlaneError): void => void causes.push(error.message);
    for await (const event of client.stream(Ticks, {}, { silenceMillisecondsMax: 50, onReconnect })) {
      seen.push(event.n);
      // The caller's own pace is no silence of the server.
      await new Promise((resolve) => {
        setTimeout(resolve, 80);
      });
      if (event.n === 3) break;
    }
    expect(seen).toEqual([1, 2, 3]);
    expect(causes).toEqual([
      'The control plane cannot be reached.',
      'The connection was lost.',
      'The connection was lost.',
    ]);
  });

  const after = (body: string): string | null =>
    (JSON.parse(body) as { variables: { after: string | null } }).variables.after;
  const tick = (n: number): string =>
    `id: ${n}\nevent: next\ndata: ${JSON.stringify({ data: { ticks: { cursor: String(n), gap: null, n } } })}\n\n`;

  it('come back from where they began when they are lost before their first event', async () => {
    const server = await serve((request, response, count) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (count === 1) response.write(':\n\nid: 41\n\n', () => response.destroy());
      else response.write(tick(Number(after(request.body) ?? 0) + 1));
    });
    const client = new ControlPlane({ url: server.url, retry });
    for await (const event of client.stream(Ticks, {})) {
      expect(event.n).toBe(42);
      break;
    }
    expect(server.requests.map(({ body }) => after(body))).toEqual([null, '41']);
  });

  it('resume from the position that the server names beside the reason', async () => {
    const server = await serve((request, response, count) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const errors = [{ message: 'slow', extensions: { code: 'SLOW_CONSUMER', lastCursor: '7', retryable: true } }];
      if (count === 1) response.end(`event: next\ndata: ${JSON.stringify({ errors })}\n\nevent: complete\ndata:\n\n`);
      else response.write(tick(Number(after(request.body)) + 1));
    });
    for await (const event of new ControlPlane({ url: server.url, retry }).stream(Ticks, {})) {
      expect(event.n).toBe(8);
      break;
    }
  });

  it('go on with another token before theirs ends, losing and repeating nothing', async () => {
    const server = await serve((request, response) => {
      const start = Number(after(request.body) ?? 0);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(tick(start + 1) + tick(start + 2));
      setTimeout(() => response.write(':credential-expires 2026-01-01T00:00:00.000Z\n\n'), 5);
    });
    let minted = 0;
    const token = { token: async (refused: string | null) => (refused === null ? `t${minted}` : `t${++minted}`) };
    const client = new ControlPlane({ url: server.url, retry, token });
    const seen: number[] = [];
    let reconnects = 0;
    for await (const event of client.stream(Ticks, {}, { onReconnect: () => (reconnects += 1) })) {
      seen.push(event.n);
      if (event.n === 6) break;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer t0',
      'Bearer t1',
      'Bearer t2',
    ]);
    expect(reconnects).toBe(0);
  });

  it('stay where they are when there is no other token yet', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`:credential-expires 2026-01-01T00:00:00.000Z\n\n${tick(1)}`);
    });
    const stream = new ControlPlane({ url: server.url, retry, token: 'fixed' }).stream(Ticks, {});
    expect((await stream.next()).value).toMatchObject({ n: 1 });
    await stream.return();
    expect(server.requests).toHaveLength(1);
  });

  it('end with the error when access has ended', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const errors = [{ message: 'revoked', extensions: { code: 'FORBIDDEN' } }];
      response.end(`event: next\ndata: ${JSON.stringify({ data: null, errors })}\n\nevent: complete\n\n`);
    });
    const client = new ControlPlane({ url: server.url, retry });
    await expect(client.stream(Ticks, {}).next()).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('pages', () => {
  it('walk a connection to its end, and no further than allowed', async () => {
    const fetchPage = async (
      after: string | null,
    ): Promise<{ nodes: number[]; pageInfo: { hasNextPage: boolean; endCursor: string } }> => {
      const start = after === null ? 0 : Number(after);
      return { nodes: [start, start + 1], pageInfo: { hasNextPage: start < 6, endCursor: String(start + 2) } };
    };
    expect(await Array.fromAsync(pages(fetchPage))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await Array.fromAsync(pages(fetchPage, { itemsMax: 3 }))).toEqual([0, 1, 2]);
  });
});

it('unwrap throws the refusal of a mutation, with its code', () => {
  expect(() => unwrap({ userErrors: [{ code: 'QUOTA_EXCEEDED', message: 'too much' }] })).toThrow(
    expect.objectContaining({ code: 'QUOTA_EXCEEDED' }),
  );
  expect(unwrap({ userErrors: [], thing: 1 })).toMatchObject({ thing: 1 });
});
