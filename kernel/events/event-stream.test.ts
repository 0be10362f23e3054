import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Scope } from '../access/authority.js';
import { newId } from '../identifiers/type-id.js';
import { TestAuthority } from '../testing/test-authority.js';
import { type TestKernel, eventually, startTestKernel, testHuman } from '../testing/test-kernel.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { defineEvent, emitEvent } from './event-type.js';
import type { StreamItem } from './event-stream.js';

const counted = defineEvent({
  type: 'kernel.counter.counted',
  subjectType: 'Counter',
  description: 'A count.',
  data: z.object({ n: z.number() }),
});
const organizationId = newId('org');
const scope: Scope = { level: 'organization', id: organizationId, organizationId };
const READ = 'kernel.counter.read';

let test: TestKernel;
let authority: TestAuthority;

beforeAll(async () => {
  test = await startTestKernel();
  authority = new TestAuthority();
  test.kernel.pipeline.useAuthority(authority);
  test.runWorker();
});
afterAll(() => test.close());

async function count(n: number, options: { fails?: boolean; at?: Scope } = {}): Promise<void> {
  await test.kernel.database
    .transaction('system', async (tx) => {
      emitEvent(
        tx,
        counted,
        { subjectId: 'counter', scope: options.at ?? scope, data: { n } },
        { correlationId: 'c', actorId: 'a', now: new Date() },
      );
      if (options.fails === true) throw new Error('undone');
      await new Promise((resolve) => {
        setTimeout(resolve, Math.random() * 10);
      });
    })
    .catch((error: Error) => {
      if (error.message !== 'undone') throw error;
    });
}

const number = (item: StreamItem): unknown => (item.kind === 'event' ? item.entry.event.data['n'] : 'gap');

async function take(stream: AsyncIterableIterator<StreamItem>, amount: number): Promise<StreamItem[]> {
  const items: StreamItem[] = [];
  while (items.length < amount) {
    const { value, done } = await stream.next();
    if (done === true) break;
    items.push(value);
  }
  return items;
}

function subscribe(actor = granted(), after?: string): AsyncIterableIterator<StreamItem> {
  return test.context(actor).stream({ permission: READ, scope, filter: { organizationId }, after });
}

function granted(): ReturnType<typeof testHuman> {
  const actor = testHuman([organizationId]);
  authority.grant(actor.id, READ, organizationId);
  return actor;
}

describe('streams of the event log', () => {
  it('give gap-free positions under concurrent writers of which some roll back', async () => {
    const before = test.kernel.feed.head;
    const other: Scope = { level: 'organization', id: newId('org'), organizationId: newId('org') };
    await Promise.all(
      Array.from({ length: 120 }, (_, n) => count(n, { fails: n % 5 === 0, ...(n % 7 === 0 ? { at: other } : {}) })),
    );
    await eventually(() => test.kernel.feed.head === before + 96n, { what: '96 events in the log' });
    const rows = await test.kernel.database.read('system', (tx) =>
      tx.rows<{ position: bigint }>('select position from kernel.event_log where position > $1 order by position', [
        before,
      ]),
    );
    expect(rows.map((row) => row.position)).toEqual(
      Array.from({ length: 96 }, (_, index) => before + 1n + BigInt(index)),
    );
  });

  it('resume from the last cursor without loss or repetition, from memory and from the database alike', async () => {
    const stream = subscribe();
    const pending = take(stream, 3);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    for (const n of [1, 2, 3]) await count(n);
    const seen = await pending;
    expect(seen.map(number)).toEqual([1, 2, 3]);
    await stream.return?.();
    for (const n of [4, 5]) await count(n);
    const last = seen.at(-1);
    const cursor = last?.kind === 'event' ? encodeCursor(last.entry.position) : '';
    await eventually(() => test.kernel.feed.head >= decodeCursor(cursor) + 2n);
    expect((await take(subscribe(granted(), cursor), 2)).map(number)).toEqual([4, 5]);
    const fresh = await startFeed();
    expect((await take(fresh.stream(cursor), 2)).map(number)).toEqual([4, 5]);
    await fresh.close();
  });

  /** Another process on the same database: its feed has nothing in memory. */
  async function startFeed(): Promise<{
    stream(after: string): AsyncIterableIterator<StreamItem>;
    close(): Promise<void>;
  }> {
    const { EventFeed } = await import('./event-feed.js');
    const { WakeSignal } = await import('./wake-signal.js');
    const { streamEvents } = await import('./event-stream.js');
    const { database, logger } = test.kernel;
    const signal = new WakeSignal('cp_events', database.systemPool, logger);
    const feed = new EventFeed(database, signal);
    await feed.start();
    return {
      stream: (after) =>
        streamEvents(feed, {
          filter: { organizationId },
          after: decodeCursor(after),
          authorize: async () => {},
          onAccessChange: () => () => {},
        }),
      async close() {
        await feed.close();
        await signal.close();
      },
    };
  }

  it('end at once when the permission is revoked, with a code that says so', async () => {
    const actor = granted();
    const ended = subscribe(actor)
      .next()
      .catch((error: unknown) => error);
    await new Promise((resolve) => {
      setTimeout(resolve, 30);
    });
    authority.revokeAll(actor.id);
    expect(await ended).toMatchObject({ code: 'ACCESS_REVOKED', details: { reason: 'FORBIDDEN' } });
  });

  it('are refused before they begin with the code of the denial', async () => {
    await expect(subscribe(testHuman([organizationId])).next()).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('that are asked to begin with now tell where that is, and lose nothing from there though no event came', async () => {
    const stream = subscribe(granted(), 'now');
    const [opened] = await take(stream, 1);
    await stream.return?.();
    const cursor = opened?.kind === 'opened' ? encodeCursor(opened.position) : '';
    for (const n of [21, 22]) await count(n);
    expect((await take(subscribe(granted(), cursor), 2)).map(number)).toEqual([21, 22]);
  });

  it('end when the token expires', async () => {
    const actor = { ...granted(), expiresAt: Date.now() / 1000 + 0.2 };
    await expect(subscribe(actor).next()).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  });

  it('close promptly while they wait', async () => {
    const stream = subscribe();
    const pending = stream.next();
    await stream.return?.();
    expect(await pending).toMatchObject({ done: true });
  });

  it('tell of a gap when the cursor is older than the retention, and go on after it', async () => {
    const { feed, database } = test.kernel;
    await count(100);
    await eventually(() => feed.head > 0n);
    const { EventFeed } = await import('./event-feed.js');
    const { WakeSignal } = await import('./wake-signal.js');
    const { streamEvents } = await import('./event-stream.js');
    await database.transaction('system', async (tx) => {
      await tx.execute('delete from kernel.event_log where position <= 5');
      await tx.execute(`update kernel.log_heads set first_kept_position = 6 where log = 'events'`);
    });
    const signal = new WakeSignal('cp_events', database.systemPool, test.kernel.logger);
    const trimmed = new EventFeed(database, signal);
    await trimmed.start();
    const stream = streamEvents(trimmed, {
      filter: {},
      after: 2n,
      authorize: async () => {},
      onAccessChange: () => () => {},
    });
    const [gap, first] = await take(stream, 2);
    expect(gap).toEqual({ kind: 'gap', gap: { from: 3n, to: 5n } });
    expect(first?.kind === 'event' && first.entry.position).toBe(6n);
    await stream.return?.();
    await trimmed.close();
    await signal.close();
  });

  it('refuse a cursor that is none of theirs', () => {
    expect(() => subscribe(granted(), 'nonsense')).toThrow(/not a cursor/);
  });
});
