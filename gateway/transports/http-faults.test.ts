import { brotliCompressSync } from 'node:zlib';
import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { startOddServer, type OddServer } from '../testing/odd-server.js';
import { operationOf } from '../testing/operation-of.js';
import type { CircuitState } from './circuit-breaker.js';
import { HttpTransport, type HttpTransportOptions } from './http-transport.js';
import type { SubgraphResult } from './subgraph-transport.js';

let server: OddServer | undefined;
let transport: HttpTransport | undefined;
afterEach(async () => {
  await transport?.close();
  server?.stop();
});

async function ask(text = '{ a }', signal?: AbortSignal): Promise<SubgraphResult> {
  if (!transport) throw new Error('no transport');
  return transport.compile(operationOf(text))({ variables: {}, context: {}, signal });
}

async function serve(
  answer: RequestListener,
  options: Partial<HttpTransportOptions<unknown>> = {},
): Promise<OddServer> {
  server = await startOddServer(answer);
  const { url } = server;
  transport = new HttpTransport({ name: 'odd', url, headersFor: () => ({}), deadlineSeconds: 0.5, ...options });
  return server;
}

const json = { 'content-type': 'application/json' };

const FAULTS: readonly (readonly [string, RequestListener, string, RegExp])[] = [
  ['garbage', (_, response) => void response.end('<html>'), 'UNAVAILABLE', /answered no JSON \(status 200\)/],
  ['no GraphQL', (_, response) => void response.end('{"data":1,"errors":[7]}'), 'UNAVAILABLE', /answered no GraphQL/],
  ['nothing', (_, response) => void response.end(), 'UNAVAILABLE', /answered no JSON/],
  ['a list', (_, response) => void response.end('[]'), 'UNAVAILABLE', /answered no GraphQL/],
  ['half', (_, response) => void response.end('{"data":{"a":'), 'UNAVAILABLE', /answered no JSON/],
  ['too much', (_, response) => void response.end('x'.repeat(5_000)), 'UNAVAILABLE', /more than 2000 bytes/],
  [
    'with the promise of too much',
    (_, response) => void response.writeHead(200, { 'content-length': '99999999' }).write('{'),
    'UNAVAILABLE',
    /more than 2000 bytes/,
  ],
  [
    'without end',
    (_, response) => {
      const more = (): boolean => response.write(' '.repeat(500), (error) => void (error ?? setImmediate(more)));
      more();
    },
    'UNAVAILABLE',
    /more than 2000 bytes/,
  ],
  ['never', () => undefined, 'TIMEOUT', /within 0.5 s/],
  ['too slowly', (_, response) => void response.write('{"data":'), 'TIMEOUT', /within 0.5 s/],
  [
    'in drops',
    (_, response) => {
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    },
    'TIMEOUT',
    /within 0.5 s/,
  ],
  [
    'a page that looks like JSON',
    (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('{"data":{}}'),
    'UNAVAILABLE',
    /answered no JSON \(status 200, content type text\/html\)/,
  ],
  [
    'a compression that nobody asked for',
    (_, response) => void response.writeHead(200, json).end(brotliCompressSync('{"data":{}}')),
    'UNAVAILABLE',
    /not UTF-8|no JSON/,
  ],
  [
    'invalid UTF-8',
    (_, response) => void response.writeHead(200, json).end(Buffer.from('{"data":{"a":"\xff"}}', 'latin1')),
    'UNAVAILABLE',
    /not UTF-8/,
  ],
  [
    'a redirect',
    (_, response) => void response.writeHead(302, { location: '/elsewhere' }).end(),
    'UNAVAILABLE',
    /status 302, and redirects are not followed/,
  ],
  [
    'huge headers',
    (_, response) => void response.writeHead(200, { 'x-huge': 'x'.repeat(40_000) }).end('{"data":{}}'),
    'UNAVAILABLE',
    /did not answer/,
  ],
  [
    'half and then resets the connection',
    ({ socket }, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"data"');
      setTimeout(() => socket.resetAndDestroy(), 20);
    },
    'UNAVAILABLE',
    /broke off its answer/,
  ],
  ['what is not HTTP', ({ socket }) => void socket.end('hello\r\n\r\n'), 'UNAVAILABLE', /did not answer/],
  ['status 500 as text', (_, response) => void response.writeHead(500).end('oops'), 'UNAVAILABLE', /status 500/],
];

describe('a subgraph that misbehaves', () => {
  it.each(FAULTS)('and answers %s is reported as such', async (_, answer, code, message) => {
    await serve(answer, { responseBytesMax: 2_000 });
    await expect(ask()).rejects.toMatchObject({ message: expect.stringMatching(message), extensions: { code } });
  });

  it('may answer GraphQL with any status, and in any number of pieces', async () => {
    const text = JSON.stringify({ data: { a: 'ä€😀'.repeat(100) }, errors: [{ message: 'no', path: ['a', 1] }] });
    await serve((_, response) => {
      response.writeHead(418, { 'content-type': 'application/graphql-response+json; charset=utf-8' });
      const bytes = Buffer.from(text);
      for (let i = 0; i < bytes.length; i += 7) response.write(bytes.subarray(i, i + 7));
      response.end();
    });
    expect(await ask()).toEqual(JSON.parse(text));
  });
});

describe('attempts', () => {
  it('are repeated for a query, and not for a mutation', async () => {
    const { attempts } = await serve((incoming) => void incoming.socket.destroy());
    await expect(ask()).rejects.toMatchObject({ extensions: { code: 'UNAVAILABLE' } });
    expect(attempts()).toBe(3);
    await expect(ask('mutation { a }')).rejects.toMatchObject({ extensions: { code: 'UNAVAILABLE' } });
    expect(attempts()).toBe(4);
  });

  it('are repeated after a status 503, no sooner than the subgraph asks for', async () => {
    const { attempts } = await serve(
      (_, response) => {
        if (attempts() > 1) response.end('{"data":{"a":1}}');
        else response.writeHead(503, { 'retry-after': '1' }).end('busy');
      },
      { deadlineSeconds: 5 },
    );
    const start = performance.now();
    expect(await ask()).toEqual({ data: { a: 1 } });
    expect(performance.now() - start).toBeGreaterThan(990);
  });

  it('end at once when the subgraph asks for more patience than the deadline leaves', async () => {
    const { attempts } = await serve((_, response) => void response.writeHead(503, { 'retry-after': '60' }).end());
    const start = performance.now();
    await expect(ask()).rejects.toMatchObject({ extensions: { code: 'UNAVAILABLE' } });
    expect({ attempts: attempts(), isPrompt: performance.now() - start < 400 }).toEqual({
      attempts: 1,
      isPrompt: true,
    });
  });

  it('share one deadline', async () => {
    await serve(() => undefined, { connectionsMax: 1 });
    const answers = await Promise.allSettled([ask(), ask(), ask()]);
    expect(answers).toMatchObject(Array.from({ length: 3 }, () => ({ reason: { extensions: { code: 'TIMEOUT' } } })));
  });

  it('are refused beyond what may wait', async () => {
    let sent = '';
    const read: RequestListener = (request) => void request.on('data', (chunk: Buffer) => (sent += chunk.toString()));
    await serve(read, { connectionsMax: 1, fetchesMax: 2 });
    const waiting = Promise.allSettled([ask('{ first }'), ask('{ second }')]);
    await expect(ask('{ third }')).rejects.toMatchObject({ message: expect.stringMatching(/too many requests/) });
    await waiting;
    // The second may have had its turn when the first gave up.
    expect(sent).toContain('{ first }');
    expect(sent).not.toContain('{ third }');
  });

  it('close their connection when the client goes', async () => {
    const client = new AbortController();
    const closed = Promise.withResolvers<void>();
    await serve(
      ({ socket }) => {
        socket.on('close', closed.resolve);
        client.abort(new Error('gone'));
      },
      { deadlineSeconds: 10 },
    );
    await expect(ask('{ a }', client.signal)).rejects.toThrow('gone');
    await closed.promise;
    await expect(ask('{ a }', client.signal)).rejects.toThrow('gone');
  });
});

describe('the circuit', () => {
  it('opens after some failures in a row, and tells so', async () => {
    const states: CircuitState[] = [];
    const { attempts } = await serve((_, response) => void response.end('<html>'), {
      circuitBreaker: { failuresMax: 2, openSeconds: 60 },
      onCircuitChange: (state) => states.push(state),
    });
    for (let i = 0; i < 4; i++) await ask().catch(() => undefined);
    expect({ attempts: attempts(), states }).toEqual({ attempts: 2, states: ['open'] });
    expect(transport?.circuitState).toBe('open');
  });

  it('stays closed when clients go', async () => {
    const client = new AbortController();
    await serve(() => client.abort(new Error('gone')), { circuitBreaker: { failuresMax: 1 } });
    await expect(ask('{ a }', client.signal)).rejects.toThrow('gone');
    expect(transport?.circuitState).toBe('closed');
  });

  it('stays closed when answers are too large, or headers cannot be made or sent', async () => {
    let headersFor = (): Record<string, string> => ({});
    const { attempts } = await serve((_, response) => void response.end('x'.repeat(5_000)), {
      responseBytesMax: 2_000,
      circuitBreaker: { failuresMax: 1 },
      headersFor: () => headersFor(),
    });
    await expect(ask()).rejects.toThrow('more than 2000 bytes');
    headersFor = () => ({ 'x-bad': 'a\nb' });
    await expect(ask()).rejects.toThrow('invalid x-bad header');
    headersFor = () => {
      throw new Error('no header');
    };
    await expect(ask()).rejects.toThrow('no header');
    expect({ attempts: attempts(), state: transport?.circuitState }).toEqual({ attempts: 1, state: 'closed' });
  });
});
