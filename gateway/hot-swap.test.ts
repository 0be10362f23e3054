import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createClient, type Client } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { SupergraphSource } from './gateway-options.js';
import { SHOP_SDL, shopTransports } from './testing/shop-graph.js';
import { shopResolvers } from './testing/shop-resolvers.js';
import { startTestGateway, type TestGateway } from './testing/test-gateway.js';

const REQUESTS = 2_000;
const STREAMS = 200;
const SWAPS = 50;
const CLIENTS = 10;

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Streams end with the event `last` when it is aborted. */
const lastEvent = new AbortController();
let test: TestGateway;
beforeAll(async () => {
  const resolvers = shopResolvers();
  const paced = {
    userEvents: {
      subscribe: async function* () {
        for (let cursor = 1; !lastEvent.signal.aborted; cursor++) {
          yield { userEvents: { cursor: String(cursor), user: { id: 'u2' } } };
          await setTimeout(1_000);
        }
        yield { userEvents: { cursor: 'last', user: { id: 'u2' } } };
      },
    },
  };
  const accounts = { ...resolvers.accounts, Subscription: paced };
  test = await startTestGateway({
    transports: shopTransports({ ...resolvers, accounts }),
    swap: { inlineAfterSeconds: 0.01, warmedMax: 10 },
  });
});
afterAll(async () => test.stop());

const SUBGRAPHS = Object.entries(SHOP_SDL).map(([name, sdl]) => ({ name, sdl }));

function variant(change: (sdl: string) => string): SupergraphSource {
  return { subgraphs: SUBGRAPHS.map(({ name, sdl }) => ({ name, sdl: change(sdl) })) };
}

/** Every fifth is bad: it does not compose, is no supergraph, or has a subgraph that there is no way to. */
function supergraph(swap: number): { source: SupergraphSource; isGood: boolean } {
  if (swap % 15 === 4) return { source: variant((sdl) => sdl.replace('@key', '@nothing')), isGood: false };
  if (swap % 15 === 9) return { source: { sdl: 'type Query { half: Int' }, isGood: false };
  if (swap % 15 === 14) {
    return { source: { subgraphs: [...SUBGRAPHS, { name: 'more', sdl: 'type Query { more: Int }' }] }, isGood: false };
  }
  const added = `visits: Int! ago${swap}: Int`;
  return { source: variant((sdl) => sdl.replace('visits: Int!', added)), isGood: true };
}

const QUERIES: readonly [query: string, data: unknown][] = [
  ['{ me { name role } }', { me: { name: 'Ada', role: 'STAFF' } }],
  [
    '{ review(id: "r1") { body author { name } helpful } }',
    { review: { body: 'good', author: { name: 'Ada' }, helpful: 1 } },
  ],
  [
    '{ product(id: "p1") { title reviews { score } } }',
    { product: { title: 'Graphs', reviews: [{ score: null }, { score: null }] } },
  ],
];

async function ask(query: string): Promise<{ data?: unknown; errors?: { message: string }[] }> {
  const response = await fetch(test.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as { data?: unknown; errors?: { message: string }[] };
}

/** Answers what was wrong with each answer that was not as it should be. */
async function sendRequests(isSwapping: () => boolean): Promise<{ sent: number; faults: unknown[] }> {
  const faults: unknown[] = [];
  let sent = 0;
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (sent < REQUESTS || isSwapping()) {
        const number = sent++;
        const [query, data] = QUERIES[number % QUERIES.length] ?? ['', null];
        // Every seventh is new, so that generations have to plan while they come and go.
        const { data: answered, errors } = await ask(
          number % 7 === 0 ? query.replace('{', `query Q${number} {`) : query,
        );
        try {
          expect(answered).toEqual(data);
          expect(errors?.filter(({ message }) => !message.includes('review.score.read')) ?? []).toEqual([]);
        } catch (fault) {
          faults.push(fault);
        }
        await setTimeout(20);
      }
    }),
  );
  return { sent, faults };
}

/** Answers the cursors that each stream brought; events with anything else are faults. */
async function follow(client: Client): Promise<string[]> {
  const cursors: string[] = [];
  for await (const { data, errors } of client.iterate<{ userEvents: { cursor: string } }>({
    query: 'subscription { userEvents { cursor user { favourite { title } } } }',
  })) {
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({ userEvents: { user: { favourite: { title: 'Graphs' } } } });
    cursors.push(data?.userEvents.cursor ?? 'none');
  }
  return cursors;
}

function openStreams(): { cursors: Promise<string[][]>; close(): Promise<void> } {
  const clients = Array.from({ length: STREAMS / 50 }, () =>
    createClient({ url: test.url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 }),
  );
  const cursors = clients.flatMap((client) => Array.from({ length: 50 }, async () => follow(client)));
  return {
    cursors: Promise.all(cursors),
    close: async () => void (await Promise.all(clients.map(async (client) => client.dispose()))),
  };
}

describe('the swap of the supergraph under load', () => {
  it(
    `drops none of ${REQUESTS} requests and ${STREAMS} streams in ${SWAPS} swaps, and keeps no old generation`,
    { timeout: 300_000 },
    async () => {
      const streams = openStreams();
      const generations: WeakRef<object>[] = [];
      let heapAfterTen = 0;
      let isSwapping = true;
      const requests = sendRequests(() => isSwapping);
      for (let swap = 0; swap < SWAPS; swap++) {
        const { source, isGood } = supergraph(swap);
        const swapped = await test.gateway.runtime.swap(source).catch((error: unknown) => error);
        expect(swapped instanceof Error).toBe(!isGood);
        generations.push(new WeakRef(test.gateway.runtime.generation));
        if (swap === 10) {
          collectGarbage();
          heapAfterTen = process.memoryUsage().heapUsed;
        }
      }
      isSwapping = false;
      const { sent, faults } = await requests;
      expect(faults).toEqual([]);
      expect(sent).toBeGreaterThanOrEqual(REQUESTS);
      expect(test.gateway.runtime.status.retiring).toBe(1);
      collectGarbage();
      const grown = process.memoryUsage().heapUsed - heapAfterTen;
      lastEvent.abort();
      for (const cursors of await streams.cursors) {
        const last = cursors.pop();
        expect(last).toBe('last');
        expect(cursors).toEqual(cursors.map((_, index) => String(index + 1)));
      }
      await streams.close();
      await expect.poll(() => test.gateway.runtime.status.retiring).toBe(0);
      await setTimeout(50);
      collectGarbage();
      const alive = new Set(generations.map((generation) => generation.deref()).filter((generation) => generation));
      expect(alive.size).toBe(1);
      expect(grown).toBeLessThan(20_000_000);
      expect(test.logged).toHaveLength(SWAPS / 5);
    },
  );
});
