import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { PLATFORM_SCOPE } from '../access/authority.js';
import { defineEvent, emitEvent } from '../events/event-type.js';
import { type TestKernel, eventually, startTestKernel } from '../testing/test-kernel.js';
import type { Consumer } from './job.js';
import { LeaseHolder } from './lease.js';
import { Worker } from './worker.js';

const happened = defineEvent({
  type: 'kernel.thing.happened',
  subjectType: 'Thing',
  description: 'It did.',
  data: z.object({ n: z.number() }),
});

let test: TestKernel;
beforeAll(async () => {
  test = await startTestKernel();
  test.runWorker();
});
afterAll(() => test.close());

async function happen(n: number): Promise<void> {
  await test.kernel.database.transaction('system', async (tx) => {
    emitEvent(
      tx,
      happened,
      { subjectId: 'thing', scope: PLATFORM_SCOPE, data: { n } },
      { correlationId: 'c', actorId: 'a', now: new Date() },
    );
  });
}

function newWorker(): Worker {
  const { database, feed, logger } = test.kernel;
  return new Worker({ database, feed, logger });
}

it('lets one holder have a lease, and another take it over with a higher fence once the first is gone', async () => {
  const [first, second] = [new LeaseHolder(test.kernel.database), new LeaseHolder(test.kernel.database)];
  const held = await first.acquire('kernel.test_lease', 60);
  expect(held).not.toBeNull();
  expect(await second.acquire('kernel.test_lease', 60)).toBeNull();
  expect((await first.acquire('kernel.test_lease', 60))?.fence).toBe(held?.fence);
  await first.close();
  const taken = await second.acquire('kernel.test_lease', 60);
  expect(taken?.fence).toBe((held?.fence ?? 0n) + 1n);
  await second.close();
});

it('frees the leases of a holder whose session ended without a word', async () => {
  const [dying, next] = [new LeaseHolder(test.kernel.database), new LeaseHolder(test.kernel.database)];
  await dying.acquire('kernel.test_crash', 3600);
  const { rows } = await test.kernel.database.systemPool.query<{ pid: number }>(
    `select l.pid from kernel.leases k join pg_locks l on l.locktype = 'advisory' and l.objid = k.session_key::oid where k.name = 'kernel.test_crash'`,
  );
  const { Client } = await import('pg');
  const killer = new Client({ connectionString: test.database.superuserUrl });
  await killer.connect();
  await killer.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
  await killer.end();
  await eventually(() => next.acquire('kernel.test_crash', 60), { what: 'the lease is free' });
  await next.close();
});

it('hands each event to a consumer exactly once in effect, in order, through failures and restarts', async () => {
  const effects: number[] = [];
  let failures = 2;
  const consumer: Consumer = {
    name: 'kernel.test_order',
    types: ['kernel.thing.'],
    async handle(tx, { event }) {
      const n = event.data['n'] as number;
      if (n === 3 && failures > 0) {
        failures -= 1;
        throw new Error('not yet');
      }
      await tx.rows('select 1');
      effects.push(n);
    },
  };
  const worker = newWorker();
  worker.start([], [consumer]);
  for (const n of [1, 2, 3, 4]) await happen(n);
  await eventually(() => effects.length === 4, { milliseconds: 20_000, what: 'four effects' });
  await worker.stop();
  const again = newWorker();
  again.start([], [consumer]);
  await happen(5);
  await eventually(() => effects.length === 5);
  await again.stop();
  expect(effects).toEqual([1, 2, 3, 4, 5]);
});

it('runs a job again after it failed, and at once when an event it waits for comes by', async () => {
  let runs = 0;
  const worker = newWorker();
  worker.start(
    [
      {
        name: 'kernel.test_wake',
        everyMilliseconds: 60_000,
        wakeOn: ['kernel.thing.happened'],
        run: async () => ((runs += 1), false),
      },
    ],
    [],
  );
  await eventually(() => runs === 1);
  await happen(9);
  await eventually(() => runs === 2, { milliseconds: 3000 });
  await worker.stop();
});
