import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testHuman } from '../../../../kernel/testing/test-kernel.js';
import { AppLife } from '../testing/app-life.js';
import { type AppsFixture, startApps } from '../testing/apps-fixture.js';

let fixture: AppsFixture;
let life: AppLife;
const ids: string[] = [];
const allocations: string[] = [];

beforeAll(async () => {
  fixture = await startApps();
  life = new AppLife(fixture);
  for (let index = 0; index < 12; index += 1) {
    const allocationId = fixture.platform.addAllocation(fixture.projectId);
    allocations.push(allocationId);
    ids.push(await life.running({ allocationId }));
  }
});
afterAll(() => fixture.close());

/** Statements beyond opening and closing each read transaction: what the list itself costs. */
async function statements(work: () => Promise<unknown>): Promise<number> {
  const { database } = fixture.test.kernel;
  // The background follows the event log meanwhile; the least of a few runs is the work itself.
  const counts: number[] = [];
  for (let run = 0; run < 5; run += 1) {
    const before = database.statementCount;
    await work();
    counts.push(database.statementCount - before);
  }
  return Math.min(...counts);
}

const WHOLE = `nodes { id state conditions { type } endpoints { url } members { componentKey } workItems { kind } lateReports { verb } leaks { reason }
  version { number app { slug } } project { id } allocation { id } }`;

describe('a list costs the same however long it is:', () => {
  it.each([
    [
      'app instances with all that belongs to them',
      (first: number) => `{ appInstances(first: ${first}) { ${WHOLE} } }`,
      9,
    ],
    ['app instances alone', (first: number) => `{ appInstances(first: ${first}) { nodes { id state } } }`, 1],
    ['apps with nothing', (first: number) => `{ apps(first: ${first}) { nodes { slug } } }`, 1],
    [
      'entitlements with their apps',
      (first: number) => `{ appEntitlements(projectId: "PROJECT", first: ${first}) { nodes { app { slug } } } }`,
      2,
    ],
  ])('%s', async (_what, query, reads) => {
    const run = (first: number) => (): Promise<unknown> =>
      fixture.run(query(first).replace('PROJECT', fixture.projectId));
    const [short, long] = [await statements(run(1)), await statements(run(12))];
    expect(long).toBe(short);
    // Each read is a transaction of three: begin, the statement, commit.
    expect(long).toBeLessThanOrEqual(reads * 3);
  });

  it('instances of many allocations in one statement', async () => {
    const representations = allocations.map((id) => ({ __typename: 'Allocation', id }));
    const source =
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Allocation { id appInstances { id } } } }';
    const answer = await fixture.run(source, { representations });
    expect(
      answer.data._entities.map((entity: { appInstances: { id: string }[] }) =>
        entity.appInstances.map(({ id }) => id),
      ),
    ).toEqual(ids.map((id) => [id]));
    expect(await statements(() => fixture.run(source, { representations }))).toBeLessThanOrEqual(3);
  });
});

describe('what another organization owns', () => {
  it('is not there: neither by list, by identifier, by reference nor by stream', async () => {
    const { stranger } = fixture;
    const [id] = ids;
    const answer = await fixture.run(
      `query ($representations: [_Any!]!) { appInstances { nodes { id } } appInstance(id: "${id}") { id }
        _entities(representations: $representations) { ... on AppInstance { id } ... on AppWorkItem { id } ... on AppEndpoint { id } ... on Project { appInstances { nodes { id } } } } }`,
      {
        representations: [
          { __typename: 'AppInstance', id },
          { __typename: 'AppWorkItem', id: (await life.see(id ?? '')).workItems[0]?.id },
          {
            __typename: 'AppEndpoint',
            id: String((await fixture.sql('select id from apps.endpoints limit 1'))[0]?.['id']),
          },
          { __typename: 'Project', id: fixture.projectId },
        ],
      },
      stranger,
    );
    expect(answer.errors).toBeUndefined();
    expect(answer.data).toEqual({
      appInstances: { nodes: [] },
      appInstance: null,
      _entities: [null, null, null, { appInstances: { nodes: [] } }],
    });
    const events = await fixture.run(`{ appInstanceEvents(projectId: "${fixture.projectId}") { type } }`, {}, stranger);
    expect(events.errors?.[0]?.extensions).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is not there for the database either: row level security stands behind the authorizer', async () => {
    const tables = [
      'entitlements',
      'instances',
      'conditions',
      'endpoints',
      'members',
      'work_items',
      'late_reports',
      'leaks',
      'queues',
    ];
    for (const table of tables) {
      const rows = await fixture.test.kernel.database.read(fixture.stranger.organizationIds as string[], (tx) =>
        tx.rows(`select from apps.${table}`),
      );
      expect([table, rows]).toEqual([table, []]);
    }
  });

  it('is not there for a member without the permission', async () => {
    const reader = testHuman([fixture.organizationId]);
    const answer = await fixture.run(
      `{ appInstances { nodes { id } } appInstance(id: "${ids[0]}") { id } }`,
      {},
      reader,
    );
    expect(answer.data).toEqual({ appInstances: { nodes: [] }, appInstance: null });
  });
});

it('pages through instances by cursors, and filters them by project and state', async () => {
  const first = await fixture.run(
    `{ appInstances(projectId: "${fixture.projectId}", first: 5) { nodes { id } pageInfo { endCursor hasNextPage } } }`,
  );
  const { nodes, pageInfo } = first.data.appInstances;
  expect(nodes.map(({ id }: { id: string }) => id)).toEqual([...ids].reverse().slice(0, 5));
  const next = await fixture.run(
    `{ appInstances(projectId: "${fixture.projectId}", first: 10, after: "${pageInfo.endCursor}") { nodes { id } pageInfo { hasNextPage } } }`,
  );
  expect(next.data.appInstances.nodes).toHaveLength(7);
  expect((await fixture.run('{ appInstances(state: FAILED) { nodes { id } } }')).data.appInstances.nodes).toEqual([]);
});

it('tells history and the present of a project in the same words', async () => {
  const history = await fixture.run(
    `{ appInstanceEvents(projectId: "${fixture.projectId}", first: 100) { cursor type subject { id } } }`,
  );
  const types = new Set(history.data.appInstanceEvents.map(({ type }: { type: string }) => type));
  expect([...types].every((type) => (type as string).startsWith('apps.instance.'))).toBe(true);
  expect(types).toContain('apps.instance.requested');
  expect(types).toContain('apps.instance.state_changed');
});

it('answers endpoints to other products under the row level security of their transaction', async () => {
  const [id = ''] = ids;
  const { database } = fixture.test.kernel;
  expect(await database.read([fixture.organizationId], (tx) => fixture.apps.endpointsOf(tx, id))).toMatchObject([
    {
      appInstanceId: id,
      appSlug: 'jupyterlab',
      endpointName: 'web',
      protocol: 'http',
      url: 'http://127.0.0.1:8888/lab',
      isReady: true,
      projectId: fixture.projectId,
    },
  ]);
  expect(
    await database.read(fixture.stranger.organizationIds as string[], (tx) => fixture.apps.endpointsOf(tx, id)),
  ).toEqual([]);
});
