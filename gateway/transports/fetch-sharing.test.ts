import { afterEach, describe, expect, it } from 'vitest';
import { startOddServer, type OddServer } from '../testing/odd-server.js';
import { operationOf } from '../testing/operation-of.js';
import { FetchSharing } from './fetch-sharing.js';
import { HttpTransport } from './http-transport.js';
import type { SubgraphResult } from './subgraph-transport.js';

interface Caller {
  readonly key: string | undefined;
}

let server: OddServer;
let transport: HttpTransport<Caller>;
/** Answers what waits at the subgraph, oldest first. */
let waiting: ((text?: string) => void)[];
let closed: { count: number };
afterEach(async () => {
  await transport.close();
  server.stop();
});

async function start(): Promise<void> {
  waiting = [];
  const sockets = { count: 0 };
  closed = sockets;
  server = await startOddServer((request, response) => {
    waiting.push((text = `{"data":{"list":[${waiting.length}]}}`) => void response.end(text));
    request.socket.on('close', () => sockets.count++);
  });
  transport = new HttpTransport<Caller>({
    name: 'shared',
    url: server.url,
    headersFor: () => ({}),
    sharing: new FetchSharing<Caller>(({ key }) => key),
  });
}

async function ask(key: string | undefined, text = '{ list }', signal?: AbortSignal): Promise<SubgraphResult> {
  return transport.compile(operationOf(text))({ variables: {}, context: { key }, signal });
}

async function arrived(count: number): Promise<void> {
  await expect.poll(() => waiting.length, { interval: 5 }).toBe(count);
}

describe('identical queries that are on their way', () => {
  it('share a fetch and its answer, which is marked as shared', async () => {
    await start();
    const asked = [ask('ada'), ask('ada'), ask('ada')];
    await arrived(1);
    waiting[0]?.('{"data":{"list":[1]}}');
    const answers = await Promise.all(asked);
    expect(answers).toEqual(Array.from({ length: 3 }, () => ({ data: { list: [1] }, isShared: true })));
    const later = ask('ada');
    await arrived(2);
    waiting[1]?.();
    await later;
  });

  it('share failures', async () => {
    await start();
    const asked = Promise.allSettled([ask('ada'), ask('ada')]);
    await arrived(1);
    waiting[0]?.('garbage');
    expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('are not shared between callers, nor by those without a key, nor when the query differs', async () => {
    await start();
    const asked = [ask('ada'), ask('ben'), ask(undefined), ask(undefined), ask('ada', '{ list other }')];
    await arrived(5);
    for (const answer of waiting) answer();
    expect(await Promise.all(asked)).toHaveLength(5);
  });

  it('lose a taker without disturbing the others', async () => {
    await start();
    const [first, second] = [new AbortController(), new AbortController()];
    const gone = ask('ada', '{ list }', first.signal);
    const stays = ask('ada', '{ list }', second.signal);
    await arrived(1);
    first.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    waiting[0]?.('{"data":{}}');
    expect(await stays).toEqual({ data: {}, isShared: true });
    expect(closed.count).toBe(0);
  });

  it('are cancelled when the last taker leaves, and cannot be joined then', async () => {
    await start();
    const clients = [new AbortController(), new AbortController()];
    const asked = Promise.allSettled(clients.map(async ({ signal }) => ask('ada', '{ list }', signal)));
    await arrived(1);
    for (const client of clients) client.abort(new Error('gone'));
    await asked;
    const next = ask('ada');
    await arrived(2);
    await expect.poll(() => closed.count).toBe(1);
    waiting[1]?.('{"data":{}}');
    expect(await next).toEqual({ data: {} });
  });

  it('are not joined by a query that follows a mutation of the same caller', async () => {
    await start();
    const before = ask('ada');
    await arrived(1);
    const mutations = [ask('ada', 'mutation { change }'), ask('ada', 'mutation { change }')];
    await arrived(3);
    waiting[1]?.();
    waiting[2]?.();
    await Promise.all(mutations);
    const after = ask('ada');
    await arrived(4);
    waiting[0]?.('{"data":{"list":"old"}}');
    waiting[3]?.('{"data":{"list":"new"}}');
    expect([await before, await after]).toEqual([{ data: { list: 'old' } }, { data: { list: 'new' } }]);
  });
});
