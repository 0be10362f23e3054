import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SequencedLog, sequenceBatch } from '../../../kernel/events/sequencer.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import {
  type TestKernel,
  eventually,
  startTestKernel,
  untilSequenceable,
} from '../../../kernel/testing/test-kernel.js';
import { type Evidence, createEvidence, evidenceDefinition } from './index.js';
import { testRecord } from './testing/audit-records.js';
import { type VerificationOptions, verifyAuditLog } from './usecases/verify-audit-log.js';

let test: TestKernel;
let evidence: Evidence;
const organizationId = newId('org');

beforeEach(async () => {
  test = await startTestKernel({ domains: [evidenceDefinition] });
  evidence = createEvidence({ kernel: test.kernel });
});
afterEach(() => test.close());

async function write(count = 1): Promise<string[]> {
  return test.kernel.database.transaction([organizationId], async (tx) =>
    Array.from({ length: count }, () => evidence.audit.append(tx, testRecord(organizationId))),
  );
}
async function sequence(): Promise<void> {
  await eventually(async () => {
    await sequenceBatch(test.kernel.database, evidence.auditLog);
    return (await select<{ count: number }>('select count(*)::int as count from kernel.outbox'))[0]?.count === 0;
  });
}
async function select<Row extends Record<string, unknown>>(sql: string): Promise<Row[]> {
  return test.kernel.database.read('system', (tx) => tx.rows<Row>(sql));
}
const indices = async (): Promise<number[]> =>
  (await select<{ i: number }>('select log_index::int as i from evidence.audit_records order by 1')).map(
    (row) => row.i,
  );
const ids = async (): Promise<string[]> =>
  (await select<{ id: string }>('select id from evidence.audit_records order by log_index')).map((row) => row.id);
const verify = (options: Partial<VerificationOptions> = {}): ReturnType<typeof verifyAuditLog> =>
  verifyAuditLog(test.kernel.database, { recordsMax: 100_000n, ...options });

/** What somebody with the database in his hands can do: no row level security, no triggers. */
async function tamper(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: test.database.superuserUrl });
  await client.connect();
  try {
    await client.query("set session_replication_role = 'replica'");
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

describe('the audit log', () => {
  it('gives every committed record one index, without gaps, under 16 concurrent writers with rollbacks in between', async () => {
    const expected: string[] = [];
    const writer = async (): Promise<void> => {
      for (let round = 0; round < 20; round += 1) {
        const rollsBack = round % 3 === 1;
        await test.kernel.database
          .transaction([organizationId], async (tx) => {
            const id = evidence.audit.append(tx, testRecord(organizationId));
            await tx.rows('select pg_sleep(random() * 0.004)');
            if (rollsBack) throw new Error('rolled back');
            expected.push(id);
          })
          .catch(() => {});
      }
    };
    const written = new AbortController();
    const sequencer = async (): Promise<void> => {
      while (!written.signal.aborted) await sequenceBatch(test.kernel.database, evidence.auditLog);
    };
    const sequencing = sequencer();
    await Promise.all(Array.from({ length: 16 }, writer));
    written.abort();
    await sequencing;
    await sequence();
    expect(await indices()).toEqual(Array.from({ length: expected.length }, (_, index) => index));
    expect((await ids()).sort()).toEqual(expected.sort());
    expect(expected).toHaveLength(16 * 13);
    expect(await verify()).toMatchObject({ fault: null, isComplete: true, checkedRecords: BigInt(expected.length) });
  });

  it('neither duplicates nor loses a record when two sequencers run at once', async () => {
    const expected = (await Promise.all(Array.from({ length: 40 }, () => write(3)))).flat();
    const race = async (): Promise<void> => {
      for (let round = 0; round < 5; round += 1) await sequenceBatch(test.kernel.database, evidence.auditLog);
    };
    await Promise.all([race(), race(), race()]);
    await sequence();
    expect((await ids()).sort()).toEqual(expected.sort());
    expect(await verify()).toMatchObject({ fault: null, treeSize: 120n });
  });

  it('loses nothing when the sequencer dies before, within or after its append', async () => {
    const expected = await write(5);
    await untilSequenceable(test);
    const dying: SequencedLog[] = [
      { ...evidence.auditLog, append: () => Promise.reject(new Error('killed')) },
      {
        ...evidence.auditLog,
        async append(tx, entries, first) {
          await evidence.auditLog.append(tx, entries, first);
          throw new Error('killed');
        },
      },
    ];
    for (const log of dying) await expect(sequenceBatch(test.kernel.database, log)).rejects.toThrow('killed');
    expect(await indices()).toEqual([]);
    expect(await verify()).toMatchObject({ fault: null, treeSize: 0n });
    await sequence();
    expect(await ids()).toEqual(expected);
    expect(await verify()).toMatchObject({ fault: null, treeSize: 5n });
  });

  it('refuses to append where the tree does not end', async () => {
    await write();
    await tamper("update kernel.log_heads set last_position = 3 where log = 'audit'");
    await untilSequenceable(test);
    await expect(sequenceBatch(test.kernel.database, evidence.auditLog)).rejects.toThrow(
      'the audit tree has 0 leaves, and record 3 is to follow',
    );
  });

  it('keeps what was recorded, in a form that is searched and read back', async () => {
    const [id] = await write();
    await sequence();
    const [row] = await select<{ body: string; actor_kind: string; salt: Buffer; target_type: string }>(
      'select b.body, b.salt, r.actor_kind, r.target_type from evidence.audit_records r join evidence.audit_bodies b using (log_index)',
    );
    expect(row).toMatchObject({ actor_kind: 'human', target_type: 'Thing' });
    expect(row?.salt).toHaveLength(32);
    expect(JSON.parse(row?.body ?? '')).toMatchObject({
      schema: 1,
      id,
      action: 'tests.thing.make',
      metadata: { amount: '7', note: 'été' },
      origin: { ip: '192.0.2.7', userAgent: 'tests/1.0' },
    });
  });

  it('is the same for the same records but for their salts: a leaf tells nothing of its record', async () => {
    const record = testRecord(organizationId);
    await test.kernel.database.transaction('system', async (tx) => {
      evidence.audit.append(tx, record);
      evidence.audit.append(tx, record);
    });
    await sequence();
    const leaves = await select<{ leaf: string }>(
      "select encode(leaf_hash, 'hex') as leaf from evidence.audit_records",
    );
    expect(new Set(leaves.map(({ leaf }) => leaf)).size).toBe(2);
  });
});

describe('append-only', () => {
  beforeEach(async () => {
    await write(3);
    await sequence();
  });

  it.each([
    ['update evidence.audit_records set action = $$x$$', 'permission denied'],
    ['delete from evidence.audit_records', 'permission denied'],
    ['update evidence.audit_bodies set body = $${}$$', 'permission denied'],
    ['delete from evidence.audit_bodies', 'permission denied'],
    ['delete from evidence.audit_batches', 'permission denied'],
    ['delete from evidence.audit_head', 'permission denied'],
    ["insert into evidence.audit_erasures values (0, null, 'x', 'x', 'x')", 'permission denied'],
    ['truncate evidence.audit_records cascade', 'permission denied'],
  ])('the system role may not: %s', async (sql, message) => {
    await expect(test.kernel.database.transaction('system', (tx) => tx.execute(sql))).rejects.toThrow(message);
  });

  it.each([
    'update evidence.audit_records set action = $$x$$',
    'delete from evidence.audit_records',
    'update evidence.audit_bodies set body = $${}$$',
    'delete from evidence.audit_bodies',
    'update evidence.audit_batches set root = leaf_hash from evidence.audit_records',
    'truncate evidence.audit_bodies',
    'truncate evidence.audit_records cascade',
  ])('even the superuser is stopped by a trigger: %s', async (sql) => {
    const client = new pg.Client({ connectionString: test.database.superuserUrl });
    await client.connect();
    await expect(client.query(sql)).rejects.toThrow('append-only');
    await client.end();
  });

  it('shows an organization its own records only', async () => {
    const count = (organization: string): Promise<unknown> =>
      test.kernel.database.read([organization], (tx) =>
        tx.row('select count(*)::int as n from evidence.audit_records'),
      );
    expect(await count(organizationId)).toEqual({ n: 3 });
    expect(await count(newId('org'))).toEqual({ n: 0 });
  });
});

describe('erasure', () => {
  it('removes body and salt for ever, leaves a trace, and the log still verifies', async () => {
    await write(4);
    await sequence();
    const before = await verify();
    const erase = (): Promise<unknown> =>
      test.kernel.database.transaction('system', (tx) =>
        tx.row("select evidence.erase_audit_record(1, 'asked for', 'usr_x', 'cor_x') as done"),
      );
    expect(await erase()).toEqual({ done: true });
    expect(await erase()).toEqual({ done: false });
    expect(await select('select log_index::int as i from evidence.audit_bodies order by 1')).toEqual([
      { i: 0 },
      { i: 2 },
      { i: 3 },
    ]);
    expect(await verify()).toEqual({ ...before, erasedRecords: 1n });
  });
});

describe('verification finds', () => {
  beforeEach(async () => {
    for (let batch = 0; batch < 4; batch += 1) {
      await write(3);
      await sequence();
    }
  });

  it('nothing in a log that nobody touched', async () => {
    expect(await verify()).toMatchObject({ fault: null, treeSize: 12n, isComplete: true });
  });

  it.each([
    [
      'an altered body',
      'body_altered',
      5,
      [`update evidence.audit_bodies set body = replace(body, 'success', 'denied') where log_index = 5`],
    ],
    ['an altered salt', 'body_altered', 5, [`update evidence.audit_bodies set salt = sha256('x') where log_index = 5`]],
    [
      'a body that is gone without an erasure',
      'body_missing',
      2,
      ['delete from evidence.audit_bodies where log_index = 2'],
    ],
    [
      'an altered column',
      'columns_altered',
      7,
      [`update evidence.audit_records set actor_id = 'usr_other' where log_index = 7`],
    ],
    [
      'a shifted time',
      'columns_altered',
      7,
      [`update evidence.audit_records set occurred_at = occurred_at + interval '1 ms' where log_index = 7`],
    ],
    [
      'a record that moved to another organization',
      'columns_altered',
      1,
      [`update evidence.audit_records set organization_id = 'org_x' where log_index = 1`],
    ],
    [
      'an altered leaf',
      'leaf_altered',
      4,
      [`update evidence.audit_records set leaf_hash = sha256('x') where log_index = 4`],
    ],
    [
      'a record that is gone from the middle',
      'record_missing',
      6,
      ['delete from evidence.audit_records where log_index = 6'],
    ],
    ['a truncated tail', 'tail_truncated', 10, ['delete from evidence.audit_records where log_index >= 10']],
    [
      'a tail truncated with its bodies and batches',
      'tail_truncated',
      9,
      [
        'delete from evidence.audit_records where log_index >= 9',
        'delete from evidence.audit_bodies where log_index >= 9',
        'delete from evidence.audit_batches where last_index >= 9',
      ],
    ],
    ['a log that is gone', 'tail_truncated', 0, ['delete from evidence.audit_records']],
    [
      'an altered root of a batch',
      'root_altered',
      8,
      [`update evidence.audit_batches set root = sha256('x') where last_index = 8`],
    ],
    ['a batch that is gone', 'batch_missing', 3, ['delete from evidence.audit_batches where first_index = 3']],
    ['a last batch that is gone', 'batch_missing', 9, ['delete from evidence.audit_batches where first_index = 9']],
    ['an altered head', 'head_altered', 12, [`update evidence.audit_head set root = sha256('x')`]],
    ['a head that was set back', 'head_altered', 9, ['update evidence.audit_head set tree_size = 9']],
    [
      'a record beyond the end',
      'record_unaccounted',
      12,
      [
        `insert into evidence.audit_records select 12, 'aud_x', organization_id, project_id, scope_level, scope_id, action, result, actor_kind, actor_id,
         target_type, target_id, correlation_id, reason_code, occurred_at, commitment, leaf_hash from evidence.audit_records where log_index = 0`,
      ],
    ],
  ])('%s', async (_what, kind, logIndex, statements) => {
    await tamper(...statements);
    expect((await verify()).fault).toMatchObject({ kind, logIndex: BigInt(logIndex) });
  });

  it('a log that was rewritten as a whole, when somebody kept a checkpoint', async () => {
    const kept = await verify();
    const checkpoint = { treeSize: kept.treeSize, rootHash: kept.rootHash };
    expect(await verify({ checkpoint })).toMatchObject({ fault: null });
    await tamper(
      'truncate evidence.audit_records, evidence.audit_bodies, evidence.audit_batches, evidence.audit_erasures',
      `update evidence.audit_head set tree_size = 0, root = sha256(''), compact_range = '{}'`,
      `update kernel.log_heads set last_position = 0 where log = 'audit'`,
    );
    expect(await verify()).toMatchObject({ fault: null, treeSize: 0n });
    expect((await verify({ checkpoint })).fault).toMatchObject({ kind: 'tail_truncated' });
    await write(12);
    await sequence();
    expect(await verify()).toMatchObject({ fault: null, treeSize: 12n });
    expect((await verify({ checkpoint })).fault).toMatchObject({ kind: 'checkpoint_contradicted', logIndex: 11n });
  });

  it('nothing beyond its bound, and says so', async () => {
    expect(await verify({ recordsMax: 5n })).toMatchObject({ checkedRecords: 5n, isComplete: false, fault: null });
  });
});

describe('a record is refused, naming the place and not the value', () => {
  const append = (metadata: Record<string, unknown>): Promise<unknown> =>
    test.kernel.database.transaction([organizationId], async (tx) =>
      evidence.audit.append(tx, testRecord(organizationId, { metadata })),
    );

  it('when its metadata holds what looks like a secret', async () => {
    const failure = await append({ request: { headers: ['Bearer abcdefghijklmnop1234'] } }).catch(
      (error: Error) => error,
    );
    expect(failure).toMatchObject({
      code: 'INTERNAL',
      message: expect.stringMatching(/tests\.thing\.make .*\(token\) at metadata\.request\.headers\.0/),
    });
    expect(String(failure)).not.toContain('abcdefghijklmnop');
    await sequence();
    expect(await indices()).toEqual([]);
  });

  it('when its metadata is too large', async () => {
    await expect(append({ text: 'x'.repeat(20_000) })).rejects.toThrow('20011 characters');
  });

  it('never for what a stranger chose: that is blotted out, cut or mended', async () => {
    const actor = {
      ...testRecord(organizationId).actor,
      displayName: 'A\u0000B\uD800',
      userAgent: `curl Bearer abcdefghijklmnop1234`,
    };
    await test.kernel.database.transaction([organizationId], async (tx) => {
      evidence.audit.append(tx, testRecord(organizationId, { actor, metadata: { note: 'x\u0000\uDC00' } }));
      evidence.audit.append(tx, testRecord(organizationId, { actor: { ...actor, userAgent: 'u'.repeat(1000) } }));
    });
    await sequence();
    const bodies = (await select<{ body: string }>('select body from evidence.audit_bodies order by log_index')).map(
      ({ body }) => JSON.parse(body),
    );
    expect(bodies[0]).toMatchObject({
      actor: { displayName: 'A\uFFFDB\uFFFD' },
      origin: { userAgent: '[redacted]' },
      metadata: { note: 'x\uFFFD\uFFFD' },
    });
    expect(bodies[1].origin.userAgent).toHaveLength(256);
    expect(await verify()).toMatchObject({ fault: null });
  });
});
