import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startTickingGateway, type TickingGateway } from '../testing/ticking-gateway.js';

const TICKS = 'subscription ($after: String) { ticks(after: $after) { cursor n subject { name } } }';

let test: TickingGateway;
beforeAll(async () => {
  test = await startTickingGateway({
    streamLimits: { connectionInitSecondsMax: 0.2, heartbeatSeconds: 0.3, perConnectionMax: 3 },
  });
});
afterAll(async () => test.stop());

type Message = Record<string, unknown> & { type: string };

/** A client of the bare protocol: sends what it is told, and keeps what it hears. */
class ProtocolClient {
  readonly socket: WebSocket;
  readonly heard: Message[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #listeners = new Set<() => void>();

  constructor(
    url: string,
    protocols: string | string[] = 'graphql-transport-ws',
    options: { autoPong?: boolean } = {},
  ) {
    this.socket = new WebSocket(url.replace('http', 'ws'), protocols, options);
    this.socket.on('message', (data: Buffer) => {
      this.heard.push(JSON.parse(data.toString()) as Message);
      for (const listener of this.#listeners) listener();
    });
    this.closed = once(this.socket, 'close').then(([code, reason]) => ({
      code: code as number,
      reason: String(reason),
    }));
  }

  static async open(authorization?: string): Promise<ProtocolClient> {
    const client = new ProtocolClient(test.url);
    await once(client.socket, 'open');
    client.send({ type: 'connection_init', ...(authorization ? { payload: { authorization } } : {}) });
    await client.hears('connection_ack');
    return client;
  }

  send(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  subscribe(id: string, query = TICKS, variables = {}): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  /** The first message of the type (and the id) that is not taken yet. */
  async hears(type: string, id?: string): Promise<Message> {
    for (;;) {
      const index = this.heard.findIndex(
        (message) => message.type === type && (id === undefined || message['id'] === id),
      );
      const [message] = index === -1 ? [] : this.heard.splice(index, 1);
      if (message) return message;
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
    }
  }

  close(): void {
    this.socket.close();
  }
}

const settled = async (milliseconds = 30): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('a socket is closed', () => {
  it.each<[string, string | object]>([
    ['is no JSON', 'nonsense'],
    ['is no object', '[]'],
    ['has no known type', { type: 'hello' }],
    ['subscribes without an id', { type: 'subscribe', payload: { query: TICKS } }],
    ['subscribes without a query', { id: '1', type: 'subscribe', payload: {} }],
    ['completes without an id', { type: 'complete' }],
    ['pings with a payload that is no object', { type: 'ping', payload: 'x' }],
  ])('with 4400 when a message %s', async (_, message) => {
    const client = await ProtocolClient.open();
    client.send(message);
    expect(await client.closed).toMatchObject({ code: 4400, reason: 'Invalid message received' });
  });

  it('with 4401 when it subscribes before the connection was acknowledged', async () => {
    const client = new ProtocolClient(test.url);
    await once(client.socket, 'open');
    client.subscribe('1');
    expect(await client.closed).toMatchObject({ code: 4401, reason: 'Unauthorized' });
  });

  it('with 4401 and the code of the refusal when the token is refused', async () => {
    const client = new ProtocolClient(test.url);
    await once(client.socket, 'open');
    client.send({ type: 'connection_init', payload: { authorization: 'Bearer bad' } });
    expect(await client.closed).toEqual({ code: 4401, reason: 'TOKEN_INVALID: The token is not valid.' });
  });

  it('with 4403 when the caller may not connect at all', async () => {
    const client = new ProtocolClient(test.url);
    await once(client.socket, 'open');
    client.send({ type: 'connection_init', payload: { authorization: 'Bearer denied' } });
    expect(await client.closed).toEqual({ code: 4403, reason: 'FORBIDDEN: You may not connect.' });
  });

  it('with 4406 when it names no protocol of ours', async () => {
    const client = new ProtocolClient(test.url, []);
    expect(await client.closed).toEqual({ code: 4406, reason: 'Subprotocol not acceptable' });
    // One that names another protocol is chosen none, which its client takes as a failed handshake.
    const other = new WebSocket(test.url.replace('http', 'ws'), 'graphql-ws');
    expect(await once(other, 'error')).toMatchObject([{ message: 'Server sent no subprotocol' }]);
  });

  it('with 4408 when it does not initialise in time', async () => {
    const client = new ProtocolClient(test.url);
    expect(await client.closed).toMatchObject({ code: 4408 });
  });

  it('with 4409 when an id is used again while its operation runs', async () => {
    const client = await ProtocolClient.open();
    client.subscribe('same');
    await settled();
    client.subscribe('same');
    expect(await client.closed).toEqual({ code: 4409, reason: 'Subscriber for same already exists' });
    await expect.poll(() => test.graph.counts.open).toBe(0);
  });

  it('with 4429 when it initialises twice', async () => {
    const client = await ProtocolClient.open();
    client.send({ type: 'connection_init' });
    expect(await client.closed).toMatchObject({ code: 4429, reason: 'Too many initialisation requests' });
  });

  it('with 4500 when something fails inside that is no result', async () => {
    const own = await startTickingGateway({
      authenticate: () => ({ name: 'x', permissions: new Set<string>() }),
      expiresAt: () => {
        throw new Error('a bug');
      },
    });
    const client = new ProtocolClient(own.url);
    await once(client.socket, 'open');
    client.send({ type: 'connection_init' });
    // A fault while connecting is a refusal: nobody is let in by a bug.
    expect(await client.closed).toMatchObject({ code: 4401, reason: expect.stringContaining('INTERNAL') });
    const other = await ProtocolClient.open();
    // The server itself sends no such message: receiving one is a fault that the protocol has no word for.
    other.send({ type: 'connection_ack' });
    expect(await other.closed).toMatchObject({ code: 4500 });
    await own.stop();
  });

  it('with 1009 when a message is too large', async () => {
    const client = await ProtocolClient.open();
    client.subscribe('1', `{ ${'a'.repeat(1_100_000)} }`);
    expect(await client.closed).toMatchObject({ code: 1009 });
  });

  it('with 1007 when a message is no UTF-8', async () => {
    const client = await ProtocolClient.open();
    client.socket.send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), { binary: false });
    expect(await client.closed).toMatchObject({ code: 1007 });
  });

  it('when it answers no heartbeat', async () => {
    const client = new ProtocolClient(test.url, 'graphql-transport-ws', { autoPong: false });
    await once(client.socket, 'open');
    client.send({ type: 'connection_init' });
    expect(await client.closed).toMatchObject({ code: 1006 });
  });

  it('with 1001 when the server stops, after each stream was told to come back and from where', async () => {
    const own = await startTickingGateway();
    own.graph.tick();
    const client = createClient({
      url: own.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      lazy: false,
      retryAttempts: 0,
      onNonLazyError: () => undefined,
    });
    const closed = new Promise((resolve) => client.on('closed', resolve));
    const results = Array.fromAsync(client.iterate({ query: TICKS })).catch(() => []);
    await expect.poll(() => own.graph.counts.open).toBe(1);
    await settled();
    await own.stop();
    expect(await results).toMatchObject([{ errors: [{ extensions: { code: 'UNAVAILABLE', lastCursor: 't1' } }] }]);
    expect(await closed).toMatchObject({ code: 1001 });
  });
});

describe('the protocol', () => {
  it('is chosen from those that a client names', async () => {
    const client = new ProtocolClient(test.url, ['graphql-ws', 'graphql-transport-ws']);
    await once(client.socket, 'open');
    expect(client.socket.protocol).toBe('graphql-transport-ws');
    client.close();
  });

  it('answers a ping with a pong of the same payload, also before the connection is initialised', async () => {
    const client = new ProtocolClient(test.url);
    await once(client.socket, 'open');
    client.send({ type: 'ping' });
    expect(await client.hears('pong')).toEqual({ type: 'pong' });
    client.send({ type: 'ping', payload: { mark: 7 } });
    expect(await client.hears('pong')).toEqual({ type: 'pong', payload: { mark: 7 } });
    client.send({ type: 'pong' });
    client.send({ type: 'connection_init' });
    await client.hears('connection_ack');
    client.close();
  });

  it('completes a stream when the client asks, tells nothing more of it, and takes the id again', async () => {
    const client = await ProtocolClient.open();
    client.subscribe('1');
    await expect.poll(() => test.graph.counts.open).toBe(1);
    await settled();
    client.send({ id: '1', type: 'complete' });
    await expect.poll(() => test.graph.counts.open).toBe(0);
    test.graph.tick();
    client.subscribe('1', '{ clockName }');
    expect(await client.hears('next')).toEqual({ id: '1', type: 'next', payload: { data: { clockName: 'clock' } } });
    expect(await client.hears('complete')).toEqual({ id: '1', type: 'complete' });
    client.send({ id: 'unknown', type: 'complete' });
    client.send({ type: 'ping' });
    await client.hears('pong');
    client.close();
  });

  it('ends what the client closes without a word', async () => {
    const client = await ProtocolClient.open();
    client.subscribe('1');
    client.subscribe('2');
    await expect.poll(() => test.graph.counts.open).toBe(1);
    client.socket.terminate();
    await expect.poll(() => test.graph.counts.open).toBe(0);
  });

  it('answers an operation that is refused with an error, and goes on', async () => {
    const client = await ProtocolClient.open();
    client.subscribe('1', '{ nothing }');
    expect(await client.hears('error', '1')).toMatchObject({
      payload: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    client.subscribe('2', '{ clockName }');
    expect(await client.hears('next', '2')).toMatchObject({ payload: { data: { clockName: 'clock' } } });
    client.close();
  });

  it('tells no client what failed inside', async () => {
    const own = await startTickingGateway();
    const broken = {
      n: 1,
      get topic(): string {
        throw new Error('a secret of the inside');
      },
    };
    own.graph.log.push(broken);
    const client = new ProtocolClient(own.url);
    await once(client.socket, 'open');
    client.send({ type: 'connection_init' });
    await client.hears('connection_ack');
    client.subscribe('1', TICKS, { after: 't0' });
    const { payload } = await client.hears('next', '1');
    expect(payload).toEqual({
      errors: [
        {
          message: 'Something failed inside. It was recorded under the correlation id.',
          extensions: { code: 'INTERNAL', retryable: false, correlationId: expect.any(String), lastCursor: 't0' },
        },
      ],
    });
    expect(own.logged.length).toBe(1);
    client.close();
    await own.stop();
  });

  it('bounds the operations of one socket', async () => {
    const client = await ProtocolClient.open();
    for (const id of ['1', '2', '3', '4']) client.subscribe(id);
    expect(await client.hears('error', '4')).toMatchObject({ payload: [{ extensions: { code: 'RATE_LIMITED' } }] });
    client.close();
  });
});

describe('a credential that ends', () => {
  it('is announced, renewed by a ping, and its streams go on without losing or repeating an event', async () => {
    const client = new ProtocolClient(test.url);
    await once(client.socket, 'open');
    client.send({ type: 'connection_init', payload: { authorization: 'Bearer ada:600' } });
    expect(await client.hears('connection_ack')).toMatchObject({
      payload: { credential: { expiresAt: expect.any(String) } },
    });
    client.subscribe('1');
    await expect.poll(() => test.graph.counts.open).toBe(1);
    const from = test.graph.log.length;
    const beganAt = performance.now();
    const ticking = setInterval(() => test.graph.tick(), 10);
    for (let renewal = 0; renewal < 3; renewal++) {
      expect(await client.hears('ping')).toMatchObject({ payload: { credential: { expiresAt: expect.any(String) } } });
      client.send({ type: 'ping', payload: { authorization: 'Bearer ada:600' } });
      expect(await client.hears('pong')).toEqual({
        type: 'pong',
        payload: { credential: { expiresAt: expect.any(String) } },
      });
    }
    await settled(150);
    clearInterval(ticking);
    await settled();
    const seen = client.heard.filter(({ type }) => type === 'next').map(({ payload }) => payload) as {
      data: { ticks: { n: number } };
    }[];
    // The announcements came at half of each life, so this took longer than one token lived.
    expect(performance.now() - beganAt).toBeGreaterThan(900);
    expect(seen.length).toBeGreaterThan(20);
    expect(seen.map(({ data }) => data.ticks.n)).toEqual(seen.map((_, index) => from + 1 + index));
    client.close();
  });

  it('ends its streams with TOKEN_EXPIRED and the last cursor when it is not renewed', async () => {
    const client = await ProtocolClient.open('Bearer ben:200');
    client.subscribe('1');
    await expect.poll(() => test.graph.counts.open).toBe(1);
    await settled();
    test.graph.tick();
    const event = await client.hears('next', '1');
    const cursor = `t${test.graph.log.length}`;
    expect(event).toMatchObject({ payload: { data: { ticks: { cursor } } } });
    expect(await client.hears('next', '1')).toMatchObject({
      payload: { errors: [{ extensions: { code: 'TOKEN_EXPIRED', lastCursor: cursor } }] },
    });
    await client.hears('complete', '1');
    client.close();
  });

  it('stays in force when the new one is refused', async () => {
    const client = await ProtocolClient.open('Bearer eve:5000');
    client.subscribe('1');
    await settled();
    client.send({ type: 'ping', payload: { authorization: 'Bearer bad' } });
    expect(await client.hears('pong')).toEqual({
      type: 'pong',
      payload: { credential: { error: { code: 'TOKEN_INVALID', message: 'The token is not valid.' } } },
    });
    test.graph.tick();
    expect(await client.hears('next', '1')).toMatchObject({ payload: { data: { ticks: {} } } });
    client.close();
  });
});
