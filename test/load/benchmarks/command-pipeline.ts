import { defineEntity, p } from '@mikro-orm/core';
import { z } from 'zod';
import type { Scope } from '../../../kernel/access/authority.js';
import { type CommandContext, defineCommand } from '../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../kernel/commands/idempotency.js';
import type { Kernel } from '../../../kernel/kernel.js';
import { accept } from '../../../kernel/errors/refusal.js';
import { defineEvent } from '../../../kernel/events/event-type.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { Worker } from '../../../kernel/jobs/worker.js';
import { BARE_TRANSACTION, bareTransaction } from '../harness/bare-transaction.js';
import { BenchAuthority } from '../harness/bench-authority.js';
import { BENCH_MIGRATIONS, type BenchDatabase, DURABILITY, openBenchDatabase } from '../harness/bench-database.js';
import type { Benchmark, BenchmarkEnvironment, Line } from '../harness/benchmark.js';
import { rounded } from '../harness/statistics.js';
import { type Contender, detailsOf, ratioOf, standingOf, takeTurns } from '../harness/take-turns.js';

const CLIENTS = 16;

const ThingEntity = defineEntity({
  name: 'BenchThing',
  tableName: 'things',
  schema: 'bench',
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    departmentId: p.text(),
    projectId: p.text(),
    name: p.text(),
    state: p.text(),
    stateReason: p.text().nullable(),
    stateChangedAt: p.datetime(),
    stateDeadlineAt: p.datetime().nullable(),
    gpuCount: p.integer(),
    holdId: p.text(),
    priceSnapshotId: p.text(),
    correlationId: p.text(),
    version: p.integer().version(),
  },
});

const benchDomain = { name: 'bench', migrations: BENCH_MIGRATIONS, entities: [ThingEntity] };

const created = defineEvent({
  type: 'bench.thing.created',
  subjectType: 'Thing',
  description: 'A thing was created.',
  data: z.object({ name: z.string(), gpuCount: z.int() }),
});

const organizationId = newId('org');
const scope: Scope = { level: 'organization', id: organizationId, organizationId };
const INSERT = `insert into bench.things (id, organization_id, department_id, project_id, name, state, state_changed_at,
  gpu_count, hold_id, price_snapshot_id, correlation_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`;

function createThing(write: (context: CommandContext, id: string) => Promise<unknown>) {
  return defineCommand({
    action: 'bench.thing.create',
    input: z.object({ name: z.string().min(1), gpuCount: z.int().min(1), idempotencyKey }),
    scope: () => scope,
    async run(context, input) {
      const id = newId('thg');
      await write(context, id);
      context.describe({ type: 'Thing', id }, { gpuCount: input.gpuCount });
      context.emit(created, { subjectId: id, scope, data: { name: input.name, gpuCount: input.gpuCount } });
      return accept({ id });
    },
  });
}

function thing(id: string, { now, correlationId }: CommandContext): unknown[] {
  return [id, organizationId, id, id, 'thing', 'requested', now, 2, id, id, correlationId];
}

const createByStatement = createThing((context, id) =>
  context.tx.prepared('bench.things.insert', INSERT, thing(id, context)),
);

const createByUnitOfWork = createThing(async (context, id) => {
  const values = { id, organizationId, departmentId: id, projectId: id, name: 'thing', state: 'requested' };
  const more = { stateChangedAt: context.now, gpuCount: 2, holdId: id, priceSnapshotId: id };
  context.tx.em.create(ThingEntity, { ...values, ...more, correlationId: context.correlationId });
});

async function run(environment: BenchmarkEnvironment): Promise<readonly Line[]> {
  const database = await openBenchDatabase(environment, { domains: [benchDomain], clients: CLIENTS });
  try {
    const actor = {
      kind: 'human' as const,
      id: newId('usr'),
      displayName: 'Bench',
      organizationIds: [organizationId],
      assurance: 2 as const,
    };
    const authority = new BenchAuthority();
    authority.grant(actor.id, '*', organizationId);
    database.kernel.pipeline.useAuthority(authority);
    const execute = (command: typeof createByStatement) => async (): Promise<void> => {
      const input = { name: 'thing', gpuCount: 2, idempotencyKey: newId('key') };
      const result = await database.kernel.pipeline.execute(command, input, { actor, correlationId: newId('cor') });
      if (!result.ok) throw new Error(JSON.stringify(result.refusals));
    };
    return await compare(environment, database, execute);
  } finally {
    await database.close();
  }
}

async function compare(
  environment: BenchmarkEnvironment,
  { kernel, bare }: BenchDatabase,
  execute: (command: typeof createByStatement) => () => Promise<void>,
): Promise<readonly Line[]> {
  const empty = async (): Promise<void> => void (await bare.query('truncate kernel.outbox'));
  let worker: Worker | undefined;
  const contenders: Contender[] = [
    { name: BARE_TRANSACTION, operation: () => bareTransaction(bare, organizationId) },
    { name: 'statement', operation: execute(createByStatement), after: empty },
    { name: 'unit of work', operation: execute(createByUnitOfWork), after: empty },
    {
      name: 'sequenced',
      operation: execute(createByStatement),
      async before() {
        worker = new Worker({ database: kernel.database, feed: kernel.feed, logger: kernel.logger });
        worker.start(kernel.jobs(), []);
      },
      async after() {
        await worker?.stop();
        await empty();
      },
    },
  ];
  const statements = await statementsOf(kernel, execute(createByStatement));
  const standings = await environment.profiled('command-pipeline', () => takeTurns(environment, contenders, CLIENTS));
  const floor = standingOf(standings, BARE_TRANSACTION);
  return [
    ['command, one insert by statement', 'statement'],
    ['command, one insert by unit of work', 'unit of work'],
    ['command, event log sequenced and followed meanwhile', 'sequenced'],
  ].map(([what = '', name = '']) => {
    const standing = standingOf(standings, name);
    return {
      what,
      value: rounded(standing.rate),
      unit: '/s',
      against: { name: BARE_TRANSACTION, value: rounded(floor.rate) },
      ratio: ratioOf(standing, floor),
      details: { ...detailsOf(standing), statements, floor_p50_ms: detailsOf(floor)['p50_ms'] ?? 0 },
    };
  });
}

async function statementsOf(kernel: Kernel, operation: () => Promise<void>): Promise<number> {
  await operation();
  const before = kernel.database.statementCount;
  await operation();
  return kernel.database.statementCount - before;
}

export const commandPipeline: Benchmark = {
  name: 'command-pipeline',
  describe: `the kernel's part of a command (authorization, idempotency, event, audit, row level security), ${CLIENTS} clients, ${DURABILITY}`,
  run,
};
