import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countStatements } from '../../../kernel/testing/count-statements.js';
import type { Transaction } from '../../../kernel/database/transaction.js';
import type { Outcome } from '../../../kernel/errors/refusal.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import type { QuotaHoldRequest } from './contract.js';
import { reclaimExpiredHolds } from './jobs/reclaim-expired-holds.js';
import { type TestIam, startTestIam } from './testing/test-iam.js';

let iam: TestIam;
beforeAll(async () => {
  iam = await startTestIam();
  iam.registry.addDimension('tokens');
});
afterAll(() => iam.close());

interface Place {
  readonly organizationId: string;
  readonly departmentId: string;
  readonly projectId: string;
}

const USER = 'usr_00000000000000000000000001';

function inOrganization<Result>(place: Place, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  return iam.test.kernel.database.transaction([place.organizationId], work);
}

function hold(
  place: Place,
  amount: bigint,
  more: Partial<QuotaHoldRequest> = {},
): Promise<Outcome<{ holdId: string }>> {
  const request = {
    projectId: place.projectId,
    principalId: USER,
    dimension: 'gpus',
    amount,
    reference: newId('ref'),
    ttlSeconds: 60,
    ...more,
  };
  return inOrganization(place, (tx) => iam.access.quotas.hold(tx, request));
}

async function limit(scopeId: string, amount: bigint | null, more: object = {}): Promise<void> {
  await iam.asSystem(iam.access.commands.setQuota, { scopeId, dimension: 'gpus', limit: amount, ...more });
}

async function usage(place: Place, scopeId: string): Promise<{ committed: bigint; held: bigint } | null> {
  return inOrganization(place, (tx) =>
    tx.row(`select committed, held from iam.quotas where scope_id = $1 and dimension = 'gpus'`, [scopeId]),
  );
}

it('names the scope that limits, with its numbers, and holds nothing', async () => {
  const place = await iam.organization();
  await limit(place.organizationId, 8n);
  await limit(place.projectId, 4n);
  expect(await hold(place, 3n)).toMatchObject({ ok: true });
  expect(await hold(place, 2n)).toMatchObject({
    ok: false,
    refusals: [
      {
        code: 'QUOTA_EXCEEDED',
        details: {
          dimension: 'gpus',
          scope: { level: 'project', id: place.projectId },
          limit: '4',
          used: '0',
          held: '3',
          remaining: '1',
          requested: '2',
        },
      },
    ],
  });
  expect(await usage(place, place.organizationId)).toEqual({ committed: 0n, held: 3n });
});

it('lets a department and an organization limit what each of their projects would allow', async () => {
  const place = await iam.organization();
  const { id: second } = await iam.asSystem(iam.access.commands.createProject, {
    organizationId: place.organizationId,
    name: 'Second',
  });
  await limit(place.departmentId, 5n);
  expect(await hold(place, 4n)).toMatchObject({ ok: true });
  expect(await hold({ ...place, projectId: second }, 2n)).toMatchObject({
    refusals: [{ details: { scope: { level: 'department', id: place.departmentId }, remaining: '1' } }],
  });
});

it('limits a principal in a project by its own limit, or by that of all who have none', async () => {
  const place = await iam.organization();
  await limit(place.projectId, 2n, { principalId: '*' });
  await limit(place.projectId, 3n, { principalId: USER });
  expect(await hold(place, 3n)).toMatchObject({ ok: true });
  expect(await hold(place, 1n)).toMatchObject({
    refusals: [{ details: { scope: { level: 'principal', id: `${place.projectId}/${USER}` }, limit: '3' } }],
  });
  expect(await hold(place, 3n, { principalId: 'usr_other' })).toMatchObject({
    refusals: [{ details: { limit: '2' } }],
  });
});

it('answers a repeated reference with the first hold, commits it once, and gives it back once', async () => {
  const place = await iam.organization();
  const reference = newId('ref');
  const first = await hold(place, 2n, { reference });
  expect(await hold(place, 2n, { reference })).toEqual(first);
  const { quotas } = iam.access;
  for (let time = 0; time < 2; time += 1)
    expect(await inOrganization(place, (tx) => quotas.commit(tx, reference, 'gpus'))).toMatchObject({ ok: true });
  expect(await usage(place, place.projectId)).toEqual({ committed: 2n, held: 0n });
  for (let time = 0; time < 2; time += 1) await inOrganization(place, (tx) => quotas.release(tx, reference));
  expect(await usage(place, place.organizationId)).toEqual({ committed: 0n, held: 0n });
  expect(await inOrganization(place, (tx) => quotas.commit(tx, reference, 'gpus'))).toMatchObject({
    refusals: [{ code: 'EXPIRED' }],
  });
});

it('holds several dimensions together, or none of them, and answers those that are held already', async () => {
  const place = await iam.organization();
  await iam.asSystem(iam.access.commands.setQuota, { scopeId: place.projectId, dimension: 'tokens', limit: 5n });
  const holdBoth = (reference: string, tokens: bigint): Promise<Outcome<{ holdIds: readonly string[] }>> =>
    inOrganization(place, (tx) =>
      iam.access.quotas.holdAll(tx, {
        projectId: place.projectId,
        principalId: USER,
        reference,
        ttlSeconds: 60,
        amounts: [
          { dimension: 'gpus', amount: 2n },
          { dimension: 'tokens', amount: tokens },
        ],
      }),
    );
  expect(await holdBoth(newId('ref'), 6n)).toMatchObject({
    refusals: [{ code: 'QUOTA_EXCEEDED', details: { dimension: 'tokens', requested: '6', remaining: '5' } }],
  });
  expect(await usage(place, place.projectId)).toBeNull();
  const reference = newId('ref');
  const first = await hold(place, 2n, { reference });
  const both = await holdBoth(reference, 5n);
  expect(await holdBoth(reference, 5n)).toEqual(both);
  expect(both.ok && both.value.holdIds[0]).toBe(first.ok && first.value.holdId);
  expect(await usage(place, place.organizationId)).toEqual({ committed: 0n, held: 2n });
});

it('does not count an expired hold, refuses to commit it, and reclaims it in the background', async () => {
  const place = await iam.organization();
  await limit(place.organizationId, 2n);
  const reference = newId('ref');
  expect(await hold(place, 2n, { reference, ttlSeconds: 0.02 })).toMatchObject({ ok: true });
  await new Promise((resolve) => {
    setTimeout(resolve, 40);
  });
  expect(await inOrganization(place, (tx) => iam.access.quotas.commit(tx, reference, 'gpus'))).toMatchObject({
    refusals: [{ code: 'EXPIRED' }],
  });
  expect(await hold(place, 2n, { ttlSeconds: 0.02 })).toMatchObject({ ok: true });
  await new Promise((resolve) => {
    setTimeout(resolve, 40);
  });
  await reclaimExpiredHolds(iam.test.kernel.database).run(new AbortController().signal);
  expect(await usage(place, place.organizationId)).toEqual({ committed: 0n, held: 0n });
});

it('refuses an unknown dimension, an unknown project, and a project of another organization', async () => {
  const place = await iam.organization();
  const other = await iam.organization();
  expect(await hold(place, 1n, { dimension: 'wishes' })).toMatchObject({ refusals: [{ code: 'NOT_REGISTERED' }] });
  expect(await hold(place, 1n, { projectId: newId('prj') })).toMatchObject({ refusals: [{ code: 'NOT_FOUND' }] });
  expect(await hold(place, 1n, { projectId: other.projectId })).toMatchObject({ refusals: [{ code: 'NOT_FOUND' }] });
});

it('holds nothing new in an archived project or a suspended organization', async () => {
  const place = await iam.organization();
  await iam.asSystem(iam.access.commands.suspendOrganization, { id: place.organizationId, reason: 'test' });
  expect(await hold(place, 1n)).toMatchObject({ refusals: [{ code: 'INVALID_STATE' }] });
  await iam.asSystem(iam.access.commands.reinstateOrganization, { id: place.organizationId, reason: 'test' });
  await iam.asSystem(iam.access.commands.archiveProject, { id: place.projectId, reason: 'test' });
  expect(await hold(place, 1n)).toMatchObject({ refusals: [{ code: 'INVALID_STATE' }] });
});

it('never oversells under concurrency, over several projects and dimensions at once', async () => {
  const place = await iam.organization();
  const { id: second } = await iam.asSystem(iam.access.commands.createProject, {
    organizationId: place.organizationId,
    name: 'Second',
  });
  await limit(place.organizationId, 7n);
  await iam.asSystem(iam.access.commands.setQuota, {
    scopeId: place.organizationId,
    dimension: 'tokens',
    limit: 1000n,
  });
  const both = (projectId: string, first: string, then: string): Promise<boolean> =>
    inOrganization(place, async (tx) => {
      const reference = newId('ref');
      for (const dimension of [first, then]) {
        const outcome = await iam.access.quotas.hold(tx, {
          projectId,
          principalId: USER,
          dimension,
          amount: 1n,
          reference,
          ttlSeconds: 60,
        });
        if (!outcome.ok) {
          await iam.access.quotas.release(tx, reference);
          return false;
        }
      }
      return true;
    });
  const tries = Array.from({ length: 40 }, (_, index) =>
    index % 2 === 0 ? both(place.projectId, 'gpus', 'tokens') : both(second, 'tokens', 'gpus'),
  );
  const held = (await Promise.all(tries)).filter(Boolean);
  expect(held).toHaveLength(7);
  expect(await usage(place, place.organizationId)).toEqual({ committed: 0n, held: 7n });
});

it('takes one statement to hold', async () => {
  const place = await iam.organization();
  await hold(place, 1n);
  await inOrganization(place, async (tx) => {
    const { counted, statements } = countStatements(tx);
    await iam.access.quotas.hold(counted, {
      projectId: place.projectId,
      principalId: USER,
      dimension: 'gpus',
      amount: 1n,
      reference: newId('ref'),
      ttlSeconds: 60,
    });
    expect(statements()).toBe(1);
  });
});

type Step = { kind: 'hold' | 'commit' | 'release'; reference: number; amount: bigint; project: 0 | 1 };

it('counts as a naive model does, whatever happens in which order', async () => {
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('hold', 'hold', 'commit', 'release'),
    reference: fc.integer({ min: 0, max: 5 }),
    amount: fc.bigInt({ min: 0n, max: 4n }),
    project: fc.constantFrom(0 as const, 1 as const),
  });
  let steps = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 8, maxLength: 25, size: 'max' }),
      fc.bigInt({ min: 0n, max: 9n }),
      fc.bigInt({ min: 0n, max: 6n }),
      async (list, inAll, inOne) => {
        const place = await iam.organization();
        const { id: second } = await iam.asSystem(iam.access.commands.createProject, {
          organizationId: place.organizationId,
          name: 'Second',
        });
        const projects = [place.projectId, second] as const;
        await limit(place.organizationId, inAll);
        await limit(place.projectId, inOne);
        const model = new Map<number, { amount: bigint; project: number; isCommitted: boolean }>();
        const sum = (project?: number): bigint =>
          [...model.values()]
            .filter((item) => project === undefined || item.project === project)
            .reduce((total, item) => total + item.amount, 0n);
        for (const { kind, reference, amount, project } of list) {
          steps += 1;
          const name = `${place.projectId}-${reference}`;
          const isKnown = model.has(reference);
          let expected = isKnown;
          let isDone = isKnown;
          if (kind === 'hold') {
            expected ||= sum() + amount <= inAll && (project === 1 || sum(0) + amount <= inOne);
            isDone = (await hold({ ...place, projectId: projects[project] }, amount, { reference: name })).ok;
            if (expected && !isKnown) model.set(reference, { amount, project, isCommitted: false });
          } else if (kind === 'commit') {
            isDone = (await inOrganization(place, (tx) => iam.access.quotas.commit(tx, name, 'gpus'))).ok;
            const item = model.get(reference);
            if (item !== undefined) item.isCommitted = true;
          } else {
            await inOrganization(place, (tx) => iam.access.quotas.release(tx, name));
            model.delete(reference);
          }
          expect(isDone).toBe(expected);
          const counted = (await usage(place, place.organizationId)) ?? { committed: 0n, held: 0n };
          expect(counted.committed + counted.held).toBe(sum());
          expect(counted.committed).toBe(
            [...model.values()].filter((item) => item.isCommitted).reduce((total, item) => total + item.amount, 0n),
          );
        }
      },
    ),
    { numRuns: 25 },
  );
  process.stdout.write(`quota steps compared with the model: ${steps}\n`);
  expect(steps).toBeGreaterThan(50);
});
