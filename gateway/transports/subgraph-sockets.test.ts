import { afterEach, describe, expect, it } from 'vitest';
import { operationOf } from '../testing/operation-of.js';
import { shopSchemas } from '../testing/shop-graph.js';
import { startSubgraphServer, type SubgraphServer } from '../testing/subgraph-server.js';
import { FetchSharing } from './fetch-sharing.js';
import { HttpTransport, type HttpTransportOptions } from './http-transport.js';
import type { SubgraphResult } from './subgraph-transport.js';

let server: SubgraphServer;
let transport: HttpTransport<string>;
afterEach(async () => {
  await transport.close();
  await server.stop();
});

async function start(options: Partial<HttpTransportOptions<string>> = {}): Promise<void> {
  const schema = shopSchemas().get('accounts');
  if (!schema) throw new Error('no schema');
  server = await startSubgraphServer(schema);
  transport = new HttpTransport<string>({
    name: 'accounts',
    url: server.url,
    headersFor: (caller) => ({ 'x-actor': caller }),
    idleSocketSeconds: 0.05,
    ...options,
  });
}

async function subscribe(caller: string, count: number, signal?: AbortSignal): Promise<AsyncIterator<SubgraphResult>> {
  const events = await transport.subscribe({
    operation: operationOf(`subscription { userEvents(count: ${count}) { cursor } }`),
    variables: {},
    context: caller,
    eventContext: () => caller,
    signal,
  });
  return events[Symbol.asyncIterator]();
}

async function cursorsOf(events: AsyncIterator<SubgraphResult>): Promise<number[]> {
  const results = await Array.fromAsync({ [Symbol.asyncIterator]: () => events });
  return results.map(({ data }) => Number((data as { userEvents: { cursor: string } }).userEvents.cursor));
}

const pause = async (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('streams over WebSockets', () => {
  it('share a socket if they are of one caller, and close it when it has been idle', async () => {
    await start();
    const streams = await Promise.all(['ada', 'ada', 'ben', 'ada'].map(async (caller) => subscribe(caller, 1_000_000)));
    await Promise.all(streams.map(async (stream) => stream.next()));
    expect(server.socketCount()).toBe(2);
    expect(new Set(server.received.map((headers) => headers['x-actor']))).toEqual(new Set(['ada', 'ben']));
    await Promise.all(streams.map(async (stream) => stream.return?.()));
    await expect.poll(() => server.socketCount()).toBe(0);
    expect(await cursorsOf(await subscribe('ada', 3))).toEqual([1, 2, 3]);
  });

  it('share it by the key of the caller where there is one, whatever the headers', async () => {
    let signed = 0;
    await start({
      headersFor: (caller) => ({ 'x-actor': `${caller} ${++signed}` }),
      sharing: new FetchSharing((caller) => caller),
    });
    const streams = await Promise.all([subscribe('ada', 1_000_000), subscribe('ada', 1_000_000)]);
    await Promise.all(streams.map(async (stream) => stream.next()));
    expect(server.socketCount()).toBe(1);
  });

  it('take no more than a bounded number to a socket', async () => {
    await start({ streamsPerSocketMax: 2 });
    const streams = await Promise.all([1, 2, 3].map(async () => subscribe('ada', 1_000_000)));
    await Promise.all(streams.map(async (stream) => stream.next()));
    expect(server.socketCount()).toBe(2);
  });

  it('lose nothing while a reader is slow, if they are alone', async () => {
    await start({ eventsBufferMax: 8 });
    const stream = await subscribe('ada', 2_000);
    await stream.next();
    await pause(300);
    expect(await cursorsOf(stream)).toEqual(Array.from({ length: 1_999 }, (_, index) => index + 2));
  });

  it('end a slow reader with SLOW_CONSUMER after its buffer, and do not hold up the others of the socket', async () => {
    await start({ eventsBufferMax: 8 });
    const [slow, brisk] = await Promise.all([subscribe('ada', 1_000_000), subscribe('ada', 3_000)]);
    await Promise.all([slow.next(), brisk.next()]);
    expect(server.socketCount()).toBe(1);
    expect(await cursorsOf(brisk)).toHaveLength(2_999);
    await expect(cursorsOf(slow)).rejects.toMatchObject({ extensions: { code: 'SLOW_CONSUMER' } });
  });

  it('end alone when their client goes, and together when the socket is lost', async () => {
    await start();
    const client = new AbortController();
    const [gone, lost, also] = await Promise.all([
      subscribe('ada', 1_000_000, client.signal),
      subscribe('ada', 1_000_000),
      subscribe('ada', 1_000_000),
    ]);
    await Promise.all([gone.next(), lost.next(), also.next()]);
    client.abort();
    expect((await cursorsOf(gone)).length).toBeGreaterThan(0);
    await lost.next();
    server.dropSockets();
    const unavailable = { extensions: { code: 'UNAVAILABLE' } };
    await expect(cursorsOf(lost)).rejects.toMatchObject(unavailable);
    await expect(cursorsOf(also)).rejects.toMatchObject(unavailable);
    expect(await cursorsOf(await subscribe('ada', 2))).toEqual([1, 2]);
  });
});
