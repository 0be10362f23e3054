import type pg from 'pg';
import { newId } from '../../../kernel/identifiers/type-id.js';

const MESSAGE = JSON.stringify({
  specversion: '1.0',
  id: newId('evt'),
  source: '/bench',
  type: 'bench.thing.created',
  subject: newId('thg'),
  time: new Date(0).toISOString(),
  datacontenttype: 'application/json',
  subjecttype: 'Thing',
  organizationid: newId('org'),
  projectid: newId('prj'),
  correlationid: newId('cor'),
  actorid: newId('usr'),
  data: { from: null, to: 'requested', reason: null, name: 'h200-slice', gpuCount: 2 },
});

const INPUT_HASH = 'a'.repeat(64);

const THING = `insert into bench.bare_things (id, organization_id, department_id, project_id, name, state, state_changed_at,
  gpu_count, hold_id, price_snapshot_id, correlation_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`;
const SENT = 'insert into bench.bare_messages (topic, organization_id, body) values ($1, $2, $3)';
const RESULT = `insert into bench.bare_results (principal_id, action, key, input_hash, result, audit_id)
  values ($1, $2, $3, $4, $5, $6)`;

/** The name of the floor in tables. */
export const BARE_TRANSACTION = 'bare three-insert transaction';

/**
 * The floor of every command: BEGIN, three inserts by prepared statements into tables as wide as the real ones, COMMIT;
 * five round trips, no row level security, no checks, nothing told to anybody.
 */
export async function bareTransaction(pool: pg.Pool, organizationId: string): Promise<void> {
  const id = newId('thg');
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query({
      name: 'thing',
      text: THING,
      values: [id, organizationId, id, id, 'thing', 'requested', new Date(), 2, id, id, id],
    });
    await client.query({ name: 'sent', text: SENT, values: ['event', organizationId, MESSAGE] });
    await client.query({
      name: 'result',
      text: RESULT,
      values: ['usr', 'bench.thing.create', id, INPUT_HASH, JSON.stringify({ value: { id } }), id],
    });
    await client.query('commit');
  } finally {
    client.release();
  }
}
