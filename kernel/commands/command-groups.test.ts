import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { accept, refuse } from '../errors/refusal.js';
import { defineEvent } from '../events/event-type.js';
import { newId } from '../identifiers/type-id.js';
import { TestAuthority } from '../testing/test-authority.js';
import { type TestKernel, eventually, startTestKernel, testHuman } from '../testing/test-kernel.js';
import { type CommandResult, type GroupMember, defineGroupCommand } from './command.js';
import { idempotencyKey } from './idempotency.js';

const [ours, theirs, nobodys] = [newId('org'), newId('org'), newId('org')];
const written = defineEvent({
  type: 'kernel.line.written',
  subjectType: 'Line',
  description: 'A line.',
  data: z.object({ text: z.string() }),
});

const input = z.object({ organizationId: z.string(), text: z.string(), idempotencyKey });
type Member = GroupMember<typeof input>;

/** What the members of each transaction were. */
let runs: string[][] = [];
/** What a test adds to a run, before anything is written. */
let meddle: (members: readonly Member[]) => Promise<void> | void = () => {};

/** Writes lines; some texts say what shall become of them. */
const writeLine = defineGroupCommand({
  action: 'kernel.line.write',
  input,
  scope: ({ organizationId }) => ({ level: 'organization', id: organizationId, organizationId }),
  async runTogether(tx, members) {
    runs.push(members.map((member) => member.input.text));
    await meddle(members);
    const kept = members.filter(({ input: { text } }) => !text.startsWith('refused') && !text.startsWith('undecided'));
    if (members.some((member) => member.input.text.startsWith('bug'))) throw new Error('a bug');
    await tx.execute('insert into kernel.lines (organization_id, text) select * from unnest($1::text[], $2::text[])', [
      kept.map((member) => member.input.organizationId),
      kept.map((member) => member.input.text),
    ]);
    return members.map(({ context, input: { text } }) => {
      context.emit(written, { subjectId: text, scope: context.scope, data: { text } });
      context.describe({ type: 'Line', id: text });
      if (text.startsWith('refused')) return refuse('LIMIT_REACHED', 'There are too many lines.');
      if (text.startsWith('undecided') && members.length > 1) return null;
      return accept({ text }, { reveal: `secret of ${text}` });
    });
  },
});

let test: TestKernel;
let superuser: pg.Client;
const authority = new TestAuthority();
const people = new Map([ours, theirs, nobodys].map((id) => [id, testHuman([id])]));

beforeAll(async () => {
  test = await startTestKernel();
  test.kernel.pipeline.useAuthority(authority);
  for (const [organizationId, person] of people) authority.grant(person.id, '*', organizationId);
  test.runWorker();
  superuser = new pg.Client(test.database.superuserUrl);
  await superuser.connect();
  await superuser.query(`
    create table kernel.lines (id bigint generated always as identity, organization_id text not null, text text not null);
    alter table kernel.lines owner to cp_owner;
    grant select, insert on kernel.lines to cp_app;
    call kernel.isolate_by_organization('kernel.lines')`);
});
afterAll(async () => {
  await superuser.end();
  await test.close();
});
beforeEach(async () => {
  runs = [];
  meddle = () => {};
  await superuser.query('truncate kernel.lines');
});

interface Asked {
  readonly text: string;
  readonly organizationId?: string;
  readonly key?: string;
  readonly actor?: Actor;
}

async function ask({ text, organizationId = ours, key, actor }: Asked): Promise<CommandResult<{ text: string }>> {
  const who = actor ?? people.get(organizationId);
  if (who === undefined) throw new Error('nobody asks');
  return test.context(who).execute(writeLine, { organizationId, text, ...(key ? { idempotencyKey: key } : {}) });
}

/** Asks for all at once; what the first two transactions leave is collected behind them. */
const askAll = (...asked: Asked[]) => Promise.allSettled(asked.map(ask));

const lines = async (): Promise<string[]> =>
  (await superuser.query<{ text: string }>('select text from kernel.lines order by text')).rows.map(({ text }) => text);

const loggedTexts = async (): Promise<string[]> =>
  (await superuser.query<{ text: string }>(`select body -> 'data' ->> 'text' as text from kernel.event_log`)).rows.map(
    ({ text }) => text,
  );

const numbered = (prefix: string, count: number): Asked[] =>
  Array.from({ length: count }, (_, at) => ({ text: `${prefix}${at}` }));

describe('calls that share a transaction', () => {
  it('run in the order of asking, in far fewer transactions, each with its own record and event', async () => {
    const results = await askAll(...numbered('line', 20));
    expect(runs.length).toBeLessThan(5);
    const numbersOf = (texts: readonly (string | null)[]): number[] => texts.map((text) => Number(text?.slice(4)));
    for (const run of runs) expect(numbersOf(run)).toEqual(numbersOf(run).toSorted((left, right) => left - right));
    for (const [at, result] of results.entries()) {
      expect(result).toMatchObject({
        value: { ok: true, value: { text: `line${at}` }, reveal: `secret of line${at}`, receipt: { isReplay: false } },
      });
    }
    const audited = authority.records.filter((record) => record.targetId?.startsWith('line') === true);
    expect(new Set(numbersOf(audited.map((record) => record.targetId))).size).toBe(20);
    expect(audited).toHaveLength(20);
    const auditIds = results.map(
      (result) => result.status === 'fulfilled' && result.value.ok && result.value.receipt.auditId,
    );
    expect(new Set(auditIds).size).toBe(20);
    await eventually(async () => (await loggedTexts()).filter((text) => text.startsWith('line')).length === 20);
  });

  it('are answered each as itself: accepted, refused, denied, replayed, decided alone', async () => {
    await ask({ text: 'before', key: 'replayed' });
    const stranger = testHuman([ours]);
    const results = await askAll(
      { text: 'good' },
      { text: 'refused' },
      { text: 'denied', actor: stranger },
      { text: 'before', key: 'replayed' },
      { text: 'conflict', key: 'replayed' },
      { text: 'undecided' },
      { text: 'theirs', organizationId: theirs },
    );
    expect(results).toMatchObject([
      { value: { ok: true, value: { text: 'good' } } },
      { value: { ok: false, refusals: [{ code: 'LIMIT_REACHED' }] } },
      { reason: { code: 'FORBIDDEN', extensions: { decision: { reason: 'NO_BINDING' } } } },
      { value: { ok: true, value: { text: 'before' }, receipt: { isReplay: true } } },
      { value: { ok: false, refusals: [{ code: 'IDEMPOTENCY_CONFLICT' }] } },
      { value: { ok: true, value: { text: 'undecided' } } },
      { value: { ok: true, value: { text: 'theirs' } } },
    ]);
    expect(await lines()).toEqual(['before', 'good', 'theirs']);
    expect(authority.records).toContainEqual(
      expect.objectContaining({ result: 'failure', reasonCode: 'LIMIT_REACHED', correlationId: expect.any(String) }),
    );
    expect(authority.records).toContainEqual(
      expect.objectContaining({ result: 'denied', actor: expect.objectContaining({ id: stranger.id }) }),
    );
    expect(runs.flat()).not.toContain('denied');
    expect(runs.flat().filter((text) => text === 'before')).toHaveLength(1);
    await ask({ text: 'after' });
    await eventually(async () => (await loggedTexts()).includes('after'));
    expect(await loggedTexts()).not.toContain('refused');
  });

  it('never run beside one with the same key: it is done once, and the others are answered its result', async () => {
    const same = Array.from({ length: 6 }, () => ({ text: 'once', key: 'same' }));
    const results = await askAll(...same, ...numbered('other', 6));
    const receipts = results
      .slice(0, 6)
      .map((result) => result.status === 'fulfilled' && result.value.ok && result.value.receipt);
    expect(new Set(receipts.map((receipt) => receipt && receipt.auditId)).size).toBe(1);
    expect(receipts.filter((receipt) => receipt && !receipt.isReplay)).toHaveLength(1);
    expect((await lines()).filter((text) => text === 'once')).toHaveLength(1);
    expect(await lines()).toHaveLength(7);
  });

  it('do not fail with the one that has a bug, which keeps its scope out of groups until one of it succeeds', async () => {
    const bug = { text: 'bug', organizationId: theirs };
    const results = await askAll(...numbered('a', 4), bug, ...numbered('b', 4));
    expect(results.filter((result) => result.status === 'rejected')).toMatchObject([{ reason: { message: 'a bug' } }]);
    expect(await lines()).toEqual(['a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'b2', 'b3']);
    runs = [];
    await askAll(...numbered('c', 4), bug, ...numbered('d', 4));
    expect(runs.filter((texts) => texts.includes('bug'))).toEqual([['bug']]);
    expect(runs.length).toBeLessThan(5);
    runs = [];
    await ask({ text: 'mended', organizationId: theirs });
    await askAll(...numbered('e', 4), { text: 'mended', organizationId: theirs }, ...numbered('f', 4));
    expect(runs.filter((texts) => texts.includes('mended') && texts.length > 1)).toHaveLength(1);
  });

  it('do not wait for an organization whose access is being changed: its calls are decided by themselves', async () => {
    authority.busy.add(theirs);
    const results = await askAll(...numbered('a', 4), { text: 'busy', organizationId: theirs }, ...numbered('b', 4));
    authority.busy.clear();
    for (const result of results) expect(result).toMatchObject({ value: { ok: true } });
    expect(runs.filter((texts) => texts.includes('busy'))).toEqual([['busy']]);
    expect(runs.length).toBeLessThan(5);
  });

  it('meet the rows of their organizations and of no others', async () => {
    await superuser.query(`insert into kernel.lines (organization_id, text) values ($1, 'secret')`, [nobodys]);
    const seen = new Set<string>();
    meddle = async (members) => {
      const rows = await members[0]?.context.tx.rows<{ organization_id: string }>(
        'select organization_id from kernel.lines',
      );
      for (const row of rows ?? []) seen.add(row.organization_id);
    };
    await askAll(
      { text: 'a' },
      { text: 'b', organizationId: theirs },
      { text: 'c' },
      { text: 'd', organizationId: theirs },
    );
    await askAll(
      { text: 'e' },
      { text: 'f', organizationId: theirs },
      { text: 'g' },
      { text: 'h', organizationId: theirs },
    );
    expect(seen).toEqual(new Set([ours, theirs]));
    meddle = async (members) => {
      const write = 'insert into kernel.lines (organization_id, text) values ($1, $2)';
      await members[0]?.context.tx.execute(write, [nobodys, 'smuggled']);
    };
    const results = await askAll(...numbered('smuggler', 4));
    for (const result of results)
      expect(result).toMatchObject({ reason: { message: expect.stringMatching(/row-level security/) } });
    expect(await lines()).not.toContain('smuggled');
  });
});

describe('a group whose transaction comes to nothing', () => {
  /** Ends the server's side of the transaction of the first group. */
  function killFirstGroup(): void {
    let isDone = false;
    meddle = async (members) => {
      if (isDone || members.length === 1) return;
      isDone = true;
      const row = await members[0]?.context.tx.row<{ pid: number }>('select pg_backend_pid() as pid');
      await superuser.query('select pg_terminate_backend($1)', [row?.pid]);
    };
  }

  it('killed while it works: each call is decided by itself, once', async () => {
    killFirstGroup();
    const results = await askAll(...numbered('killed', 8));
    for (const result of results) expect(result).toMatchObject({ value: { ok: true } });
    expect(await lines()).toEqual(numbered('killed', 8).map(({ text }) => text));
  });

  it('killed at its COMMIT: those with a key are decided again, the others are told that nobody knows', async () => {
    await superuser.query('select pg_advisory_lock(4711)');
    let isFirst = true;
    meddle = (members) => {
      if (!isFirst || members.length === 1) return;
      isFirst = false;
      members[0]?.context.tx.defer({ text: 'select pg_advisory_xact_lock(4711)' });
    };
    let isAnswered = false;
    const answers = askAll({ text: 'keyless' }, { text: 'late', key: 'late' }, { text: 'other' }).then((results) => {
      isAnswered = true;
      return results;
    });
    const waiting = `select pid from pg_stat_activity where query like '%advisory_xact_lock(4711)%' and wait_event = 'advisory'`;
    const pid = await eventually(async () => (await superuser.query<{ pid: number }>(waiting)).rows[0]?.pid);
    expect(isAnswered).toBe(false);
    await superuser.query('select pg_terminate_backend($1)', [pid]);
    await superuser.query('select pg_advisory_unlock(4711)');
    const results = await answers;
    expect(results).toMatchObject([
      { reason: { code: 'UNAVAILABLE' } },
      { value: { ok: true, receipt: { isReplay: false } } },
      { value: { ok: true } },
    ]);
    expect(await lines()).toEqual(['late', 'other']);
  });
});
