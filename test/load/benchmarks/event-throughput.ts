import { EVENT_TOPIC } from '../../../kernel/events/event-type.js';
import { EventFeed } from '../../../kernel/events/event-feed.js';
import { eventLog, sequenceBatch } from '../../../kernel/events/sequencer.js';
import { WakeSignal } from '../../../kernel/events/wake-signal.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { type BenchDatabase, DURABILITY, openBenchDatabase } from '../harness/bench-database.js';
import type { Benchmark, BenchmarkEnvironment, Line } from '../harness/benchmark.js';
import { median, rounded } from '../harness/statistics.js';

/** Events that wait when a round of sequencing begins. */
const BACKLOG = 20_000;

interface Rates {
  readonly sequenced: number[];
  readonly followed: number[];
  readonly inserted: number[];
  readonly selected: number[];
}

const organizationId = newId('org');

/** Committed events that nobody has sequenced, as commands leave them. */
async function fillOutbox({ bare }: BenchDatabase): Promise<void> {
  await bare.query(
    `insert into kernel.outbox (topic, organization_id, body)
       select $1, $2, jsonb_build_object('specversion', '1.0', 'id', 'evt_' || gen_random_uuid(), 'source', '/bench',
         'type', 'bench.thing.created', 'subject', 'thg_' || n, 'time', now(), 'datacontenttype', 'application/json',
         'subjecttype', 'Thing', 'organizationid', $2::text, 'projectid', 'prj_' || n % 10, 'correlationid', 'cor_' || n,
         'actorid', 'usr_1', 'data', jsonb_build_object('from', null, 'to', 'requested', 'gpuCount', 2))
       from generate_series(1, ${BACKLOG}) as n`,
    [EVENT_TOPIC, organizationId],
  );
}

async function perSecond(events: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (events / (performance.now() - start)) * 1000;
}

async function round(database: BenchDatabase, rates: Rates): Promise<void> {
  const { kernel, bare } = database;
  await fillOutbox(database);
  const before = kernel.feed.head;
  rates.inserted.push(await perSecond(BACKLOG, () => copyInBatches(database)));
  // Followed at the same time: the feed hears of each batch as it does in service.
  const followed = perSecond(BACKLOG, () => reach(kernel.feed, before + BigInt(BACKLOG)));
  rates.sequenced.push(
    await perSecond(BACKLOG, async () => {
      while ((await sequenceBatch(kernel.database, eventLog)) > 0) await bare.query(`notify cp_events`);
    }),
  );
  rates.followed.push(await followed);
  rates.selected.push(await perSecond(BACKLOG, () => catchUp(database, before)));
}

/** The floor of sequencing: the same rows into a table of the same form, in batches of the same size, and nothing else. */
async function copyInBatches({ bare }: BenchDatabase): Promise<void> {
  await bare.query(
    'create table if not exists bench.bare_log (like kernel.event_log including all); truncate bench.bare_log',
  );
  for (let from = 0; from < BACKLOG; from += 1024) {
    await bare.query(
      `insert into bench.bare_log select $1 + row_number() over (), body->>'id', body->>'type', body->>'organizationid',
         body->>'projectid', body->>'subjecttype', body->>'subject', (body->>'time')::timestamptz, body
       from (select body from kernel.outbox order by topic, xid, id offset $1 limit 1024) as batch`,
      [from],
    );
  }
}

async function reach(feed: EventFeed, position: bigint): Promise<void> {
  const never = new AbortController();
  while (feed.head < position) await feed.waitBeyond(feed.head, never.signal);
}

/** A process that was away reads everything it missed: a fresh reader far behind the tail in memory. */
async function catchUp({ kernel }: BenchDatabase, from: bigint): Promise<void> {
  const feed = new EventFeed(kernel.database, new WakeSignal('bench', kernel.database.systemPool, kernel.logger));
  await feed.start();
  try {
    for (let position = from, count = 0; count < BACKLOG;) {
      const { events, through } = await feed.readAfter(position, { organizationId }, 256);
      if (through === position) throw new Error('the log ends too early');
      position = through;
      count += events.length;
    }
  } finally {
    await feed.close();
  }
}

async function run(environment: BenchmarkEnvironment): Promise<readonly Line[]> {
  const database = await openBenchDatabase(environment, { clients: 4 });
  try {
    const rates: Rates = { sequenced: [], followed: [], inserted: [], selected: [] };
    await round(database, { sequenced: [], followed: [], inserted: [], selected: [] });
    await environment.profiled('event-throughput', async () => {
      for (let count = 0; count < environment.rounds; count += 1) await round(database, rates);
    });
    const against = { name: 'plain insert … select of the same rows', value: rounded(median(rates.inserted)) };
    const line = (what: string, values: readonly number[]): Line => ({
      what,
      value: rounded(median(values)),
      unit: '/s',
      against,
      ratio: rounded(median(values.map((value, index) => value / (rates.inserted[index] ?? Number.NaN)))),
    });
    return [
      line('events sequenced into the log', rates.sequenced),
      line('events followed by a feed meanwhile', rates.followed),
      line('events caught up with from the log, filtered', rates.selected),
    ];
  } finally {
    await database.close();
  }
}

export const eventThroughput: Benchmark = {
  name: 'event-throughput',
  describe: `${BACKLOG} committed events: given positions, followed, and caught up with; ${DURABILITY}`,
  run,
};
