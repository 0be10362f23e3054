import { afterAll, beforeAll, expect, it } from 'vitest';
import { newId } from '../identifiers/type-id.js';
import { type TestKernel, startTestKernel, untilSequenceable } from '../testing/test-kernel.js';
import { eventLog, sequenceBatch } from './sequencer.js';

let test: TestKernel;
beforeAll(async () => {
  test = await startTestKernel();
});
afterAll(() => test.close());

/** Enough of an event for the log. */
async function tell(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId('evt'));
  await test.kernel.database.transaction('system', async (tx) => {
    for (const id of ids) {
      const body = { id, type: 'bench.note.added', subjecttype: 'Note', subject: id, time: '2026-01-01T00:00:00Z' };
      tx.send({
        topic: eventLog.topic,
        organizationId: null,
        body: { ...body, organizationid: null, projectid: null },
      });
    }
  });
  await untilSequenceable(test);
  return ids;
}

async function logged(): Promise<{ position: bigint; event_id: string }[]> {
  return test.kernel.database.read('system', (tx) =>
    tx.rows<{ position: bigint; event_id: string }>(
      'select position, event_id from kernel.event_log order by position',
    ),
  );
}

it('gives positions without a gap, in the order of commits and then of telling, a batch at a time', async () => {
  const told = [...(await tell(3)), ...(await tell(1500)), ...(await tell(2))];
  const batches = [1, 2, 3].map(() => 0);
  for (const index of batches.keys()) batches[index] = await sequenceBatch(test.kernel.database, eventLog);
  expect(batches).toEqual([1024, 481, 0]);
  const rows = await logged();
  expect(rows.map(({ event_id: id }) => id)).toEqual(told);
  expect(rows.map(({ position }) => position)).toEqual(told.map((_, index) => BigInt(index + 1)));
});

it('gives each event one position when several sequence at once', async () => {
  const before = (await logged()).length;
  await tell(40);
  const counts = await Promise.all([1, 2, 3, 4].map(() => sequenceBatch(test.kernel.database, eventLog)));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40);
  const rows = await logged();
  expect(rows).toHaveLength(before + 40);
  expect(rows.at(-1)?.position).toBe(BigInt(rows.length));
});

it('writes nothing when nothing waits', async () => {
  const head = () =>
    test.kernel.database.read('system', (tx) =>
      tx.row<{ xmin: string }>('select xmin::text as xmin from kernel.log_heads where log = $1', [eventLog.log]),
    );
  // The lock itself leaves a mark in xmax, not in xmin.
  const before = await head();
  expect(await sequenceBatch(test.kernel.database, eventLog)).toBe(0);
  expect(await head()).toEqual(before);
});

it('takes nothing off the outbox for a log that has no head', async () => {
  await tell(1);
  await expect(sequenceBatch(test.kernel.database, { ...eventLog, log: 'nowhere' })).rejects.toThrow('"nowhere"');
  expect(await sequenceBatch(test.kernel.database, eventLog)).toBe(1);
});
