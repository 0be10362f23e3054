import type { Actor } from '../../../kernel/access/actor.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../../kernel/access/authority.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { leastStatements } from '../../../kernel/testing/least-statements.js';
import { eventually, testHuman } from '../../../kernel/testing/test-kernel.js';
import { testRecord } from './testing/audit-records.js';
import { type EvidenceFixture, startEvidence } from './testing/evidence-fixture.js';

let fixture: EvidenceFixture;
const ours = newId('org');
const theirs = newId('org');
const projectId = newId('prj');
const allocationId = newId('alc');
const auditor = testHuman([ours]);
const projectReader = testHuman([ours]);
const nobody = testHuman([ours]);
const member = testHuman([ours], { displayName: 'Member' });
const inProject: Partial<AuditRecord> = { scope: { level: 'project', id: projectId, organizationId: ours } };

async function record(organizationId: string, overrides: Partial<AuditRecord> = {}): Promise<string> {
  const id = await fixture.test.kernel.database.transaction('system', async (tx) =>
    fixture.evidence.audit.append(tx, testRecord(organizationId, overrides)),
  );
  await fixture.settled();
  return id;
}
interface Made {
  readonly bundle: { id: string };
  readonly receipt: { auditId: string };
}
const nodesOf = (answer: { data: Readonly<Record<string, unknown>> | null }): Record<string, unknown>[] =>
  (answer.data?.['auditRecords'] as { nodes: Record<string, unknown>[] } | undefined)?.nodes ?? [];

beforeAll(async () => {
  fixture = await startEvidence();
  fixture.authority.grant(auditor.id, 'evidence.audit_record.read', ours);
  fixture.authority.grant(projectReader.id, 'evidence.audit_record.read', projectId);
});
afterAll(() => fixture.close());

describe('a mutation', () => {
  it('leaves a record that its receipt names, with who, where, what and from where', async () => {
    const answer = await fixture.run(
      `mutation { evidenceBundleCreate(input: { kind: DRILL, title: "Restore drill", sourceSha: "${'a'.repeat(40)}", environmentProfile: "prod", owner: "ops" })
        { bundle { id } receipt { auditId } userErrors { code } } }`,
    );
    const made = answer.data?.['evidenceBundleCreate'] as Made | undefined;
    await fixture.settled();
    const found = await fixture.run(
      `{ auditRecord(id: "${made?.receipt.auditId}") { action result reasonCode actorKind actorId actorName scopeLevel organizationId targetType targetId metadata ip userAgent isErased leafHash } }`,
    );
    expect(found.data?.['auditRecord']).toMatchObject({
      action: 'evidence.bundle.create',
      result: 'SUCCESS',
      reasonCode: null,
      actorKind: 'HUMAN',
      actorId: fixture.operator.id,
      actorName: 'Operator',
      scopeLevel: 'PLATFORM',
      organizationId: null,
      targetType: 'EvidenceBundle',
      targetId: made?.bundle.id,
      metadata: { kind: 'drill', environmentProfile: 'prod' },
      ip: '192.0.2.1',
      userAgent: 'tests',
      isErased: false,
      leafHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('that is refused or denied leaves a record too', async () => {
    await fixture.run('mutation { evidenceBundleSeal(input: { id: "evb_none" }) { userErrors { code } } }');
    await fixture.run('mutation { evidenceBundleSeal(input: { id: "evb_none" }) { userErrors { code } } }', nobody);
    await fixture.settled();
    const answer = await fixture.run(
      '{ auditRecords(first: 2, action: "evidence.bundle.seal") { nodes { result reasonCode actorId } } }',
    );
    expect(nodesOf(answer)).toEqual([
      { result: 'DENIED', reasonCode: 'NO_BINDING', actorId: nobody.id },
      { result: 'FAILURE', reasonCode: 'NOT_FOUND', actorId: fixture.operator.id },
    ]);
  });
});

describe('audit records are found', () => {
  const search = async (filter: string, who = fixture.operator): Promise<unknown[]> =>
    nodesOf(await fixture.run(`{ auditRecords(first: 50, ${filter}) { nodes { id } } }`, who)).map(({ id }) => id);

  it('by actor, action, prefix, target, correlation, result, place and time, newest first', async () => {
    const correlationId = newId('cor');
    const first = await record(ours, {
      ...inProject,
      actor: member,
      action: 'search.alpha.make',
      targetType: 'Allocation',
      targetId: allocationId,
      correlationId,
    });
    const second = await record(ours, { action: 'search.alpha_x.make', result: 'denied', reasonCode: 'NO_BINDING' });
    expect(await search(`actorId: "${member.id}"`)).toEqual([first]);
    expect(await search('action: "search.alpha.make"')).toEqual([first]);
    expect(await search('action: "search."')).toEqual([second, first]);
    expect(await search('action: "search.alpha."')).toEqual([first]);
    expect(await search('action: "search.alpha%."')).toEqual([]);
    expect(await search(`targetId: "${allocationId}", targetType: "Allocation"`)).toEqual([first]);
    expect(await search(`correlationId: "${correlationId}"`)).toEqual([first]);
    expect(await search('action: "search.", result: DENIED')).toEqual([second]);
    expect(await search(`action: "search.", projectId: "${projectId}"`)).toEqual([first]);
    expect(await search(`action: "search.", organizationId: "${theirs}"`)).toEqual([]);
    const future = new Date(Date.now() + 60_000).toISOString();
    expect(await search(`action: "search.", occurredFrom: "${future}"`)).toEqual([]);
    expect(await search(`action: "search.", occurredBefore: "${future}"`)).toEqual([second, first]);
  });

  it('by those who may read them, each in their own reach', async () => {
    const mine = await record(ours, { action: 'reach.own.make' });
    const projects = await record(ours, { action: 'reach.own.make', ...inProject });
    const foreign = await record(theirs, { action: 'reach.own.make' });
    const platforms = await record(ours, {
      action: 'reach.own.make',
      scope: { level: 'platform', id: 'platform', organizationId: null },
    });
    expect(await search('action: "reach."')).toEqual([platforms, foreign, projects, mine]);
    expect(await search('action: "reach."', auditor)).toEqual([projects, mine]);
    expect(await search('action: "reach."', projectReader)).toEqual([projects]);
    const one = async (id: string, who = auditor): Promise<unknown> =>
      (await fixture.run(`{ auditRecord(id: "${id}") { id } }`, who)).data?.['auditRecord'];
    expect(await one(mine)).toEqual({ id: mine });
    expect([
      await one(foreign),
      await one(platforms),
      await one(mine, nobody),
      await one(mine, projectReader),
      await one('aud_none'),
    ]).toEqual([null, null, null, null, null]);
  });

  it('by nobody without the permission anywhere; that is said, and audited', async () => {
    expect(await fixture.run('{ auditRecords { nodes { id } } }', nobody)).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN', decision: { permission: 'evidence.audit_record.read' } } }],
    });
    await fixture.settled();
    expect(await search(`actorId: "${nobody.id}", action: "evidence.audit_record.read"`)).toHaveLength(1);
    const anonymous = testHuman([], { kind: 'anonymous', id: 'anonymous' });
    expect(await fixture.run('{ auditRecords { nodes { id } } }', anonymous)).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  it('page by page, both ways, with bounds', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.unshift(await record(ours, { action: 'page.one.make' }));
    const page = async (args: string): Promise<{ nodes: { id: string }[]; pageInfo: Record<string, string> }> =>
      (
        await fixture.run(
          `{ auditRecords(action: "page.", ${args}) { nodes { id } pageInfo { endCursor startCursor hasNextPage hasPreviousPage } } }`,
        )
      ).data?.['auditRecords'] as never;
    const first = await page('first: 2');
    const second = await page(`first: 2, after: "${first.pageInfo['endCursor']}"`);
    const back = await page(`last: 2, before: "${second.pageInfo['startCursor']}"`);
    expect([...first.nodes, ...second.nodes].map(({ id }) => id)).toEqual(ids.slice(0, 4));
    expect(back.nodes).toEqual(first.nodes);
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    expect(await fixture.run('{ auditRecords(first: 101) { nodes { id } } }')).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
    expect(await fixture.run('{ auditRecords(after: "nonsense") { nodes { id } } }')).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });
});

describe('entities of other domains', () => {
  it('lead to their audit records, in one query for a whole list', async () => {
    const allocations = [newId('alc'), newId('alc'), newId('alc')];
    const made: Record<string, string> = {};
    for (const id of allocations)
      made[id] = await record(ours, { ...inProject, actor: member, targetType: 'Allocation', targetId: id });
    const source = `query ($r: [_Any!]!) { _entities(representations: $r) {
      ... on Allocation { id auditRecords(first: 3) { nodes { id targetId } } }
      ... on Project { auditRecords(first: 1) { nodes { id } } }
      ... on User { auditRecords(first: 1) { nodes { id } pageInfo { hasNextPage } } }
      ... on Organization { auditRecords(first: 1) { nodes { id } } } } }`;
    const references = (__typename: string, ids: readonly string[]): object[] => ids.map((id) => ({ __typename, id }));
    const ask = (): ReturnType<typeof fixture.run> =>
      fixture.run(source, auditor, { r: references('Allocation', allocations) });
    expect(await leastStatements(fixture.test.kernel.database, ask)).toBe(3);
    const answer = await ask();
    expect(answer.data?.['_entities']).toEqual(
      allocations.map((id) => ({ id, auditRecords: { nodes: [{ id: made[id], targetId: id }] } })),
    );
    const last = made[allocations[2] ?? ''];
    const others = [
      ...references('Project', [projectId]),
      ...references('User', [member.id]),
      ...references('Organization', [ours]),
    ];
    expect((await fixture.run(source, auditor, { r: others })).data?.['_entities']).toMatchObject([
      { auditRecords: { nodes: [{ id: last }] } },
      { auditRecords: { nodes: [{ id: last }], pageInfo: { hasNextPage: true } } },
      { auditRecords: { nodes: [{ id: last }] } },
    ]);
    const hidden = await fixture.run(source, nobody, { r: references('Allocation', allocations.slice(0, 1)) });
    expect(hidden.data?.['_entities']).toEqual([{ id: allocations[0], auditRecords: { nodes: [] } }]);
  });

  it('are extended by key in the schema', () => {
    const extended = [...fixture.sdl.matchAll(/type (\w+) @key\(fields: "id"\) \{\n[^}]*auditRecords\(/g)].map(
      (match) => match[1],
    );
    expect(new Set(extended)).toEqual(
      new Set(['Allocation', 'AppInstance', 'ModelRoute', 'Organization', 'Project', 'ServiceAccount', 'User']),
    );
  });

  it('answers a list of records in one read', async () => {
    const ask = (): Promise<unknown> =>
      fixture.run('{ auditRecords(first: 100) { nodes { id metadata actorName } } }', auditor);
    expect(await leastStatements(fixture.test.kernel.database, ask)).toBe(3);
  });
});

describe('the stream of records', () => {
  it('tells each as it gets its place, to those who may read them, and nothing of others', async () => {
    const stream = await fixture.subscribe(
      `subscription { auditEvents(organizationId: "${ours}") { cursor type correlationId actorId data subject { id action } } }`,
      auditor,
    );
    const first = stream.next();
    await record(theirs);
    const mine = await record(ours, { action: 'stream.one.make' });
    const { value } = await first;
    expect(value).toMatchObject({
      data: {
        auditEvents: {
          type: 'evidence.audit_record.appended',
          data: { action: 'stream.one.make', result: 'success' },
          subject: { id: mine, action: 'stream.one.make' },
        },
      },
    });
    await stream.return(undefined);
    const { cursor } = (value as { data: { auditEvents: { cursor: string } } }).data.auditEvents;
    const missed = [
      await record(ours, { action: 'stream.two.make', ...inProject }),
      await record(ours, { action: 'stream.three.make' }),
    ];
    const resumed = await fixture.subscribe(
      `subscription { auditEvents(organizationId: "${ours}", after: "${cursor}") { subject { id } } }`,
      auditor,
    );
    expect(
      [await resumed.next(), await resumed.next()].map(
        ({ value: event }) =>
          (event as { data: { auditEvents: { subject: { id: string } } } }).data.auditEvents.subject.id,
      ),
    ).toEqual(missed);
    await resumed.return(undefined);
    const history = await fixture.run(
      `{ auditEvents(organizationId: "${ours}", projectId: "${projectId}", after: "${cursor}") { subjectId } }`,
      auditor,
    );
    expect(history.data?.['auditEvents']).toEqual([{ subjectId: missed[0] }]);
  });

  it('is refused to those who may not read there, and to organizations for the whole platform', async () => {
    const refusal = async (where: string, who: Actor): Promise<unknown> => {
      const stream = await fixture.subscribe(`subscription { auditEvents${where} { type } }`, who);
      return stream.next().catch((error: unknown) => (error as { extensions: unknown }).extensions);
    };
    expect(await refusal('', auditor)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await refusal(`(organizationId: "${theirs}")`, auditor)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refusal(`(organizationId: "${ours}")`, nobody)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await fixture.run(`{ auditEvents(organizationId: "${theirs}") { type } }`, auditor)).toMatchObject({
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
  });
});

describe('integrity', () => {
  it('shows size, root and lag to operators, and verifies', async () => {
    await record(ours);
    const answer = await fixture.run(
      '{ auditIntegrity { treeSize rootHash lastBatchAt pendingRecords lagSeconds isLagging lagSecondsAlarm } }',
    );
    const integrity = answer.data?.['auditIntegrity'] as { treeSize: string; rootHash: string };
    expect(integrity).toMatchObject({
      pendingRecords: 0,
      lagSeconds: 0,
      isLagging: false,
      lagSecondsAlarm: 10,
      lastBatchAt: expect.any(Date),
    });
    const verified = await fixture.run(
      `{ auditVerification(checkpoint: { treeSize: "${integrity.treeSize}", rootHash: "${integrity.rootHash}" }) { treeSize checkedRecords rootHash isComplete fault { kind } } }`,
    );
    expect(verified.data?.['auditVerification']).toMatchObject({
      treeSize: integrity.treeSize,
      rootHash: integrity.rootHash,
      isComplete: true,
      fault: null,
    });
    const wrong = await fixture.run(
      `{ auditVerification(checkpoint: { treeSize: "1", rootHash: "${'0'.repeat(64)}" }) { fault { kind logIndex message } } }`,
    );
    expect(wrong.data?.['auditVerification']).toMatchObject({
      fault: { kind: 'CHECKPOINT_CONTRADICTED', logIndex: '0' },
    });
    expect(await fixture.run('{ auditVerification(recordsMax: 0) { treeSize } }')).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });

  it('is not for organizations', async () => {
    expect(await fixture.run('{ auditIntegrity { treeSize } }', auditor)).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
    expect(await fixture.run('{ auditVerification { treeSize } }', auditor)).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
  });

  it('shows the lag as a metric', async () => {
    await eventually(async () =>
      (await fixture.test.kernel.metrics.registry.metrics()).includes('control_plane_audit_lag_seconds 0'),
    );
  });
});

describe('erasing a record', () => {
  const erase = (
    id: string,
    reason = 'The person asked for it.',
    who = fixture.operator,
  ): Promise<{ data: Readonly<Record<string, unknown>> | null }> =>
    fixture.run(
      `mutation ($reason: String!) { auditRecordErase(input: { id: "${id}", reason: $reason }) { auditRecord { id isErased metadata actorName ip userAgent action leafHash } userErrors { code } } }`,
      who,
      { reason },
    );

  it('removes what is personal, keeps its place, and is audited itself', async () => {
    const id = await record(ours, { metadata: { note: 'personal' } });
    expect((await erase(id)).data?.['auditRecordErase']).toMatchObject({
      auditRecord: {
        id,
        isErased: true,
        metadata: null,
        actorName: null,
        ip: null,
        userAgent: null,
        action: 'tests.thing.make',
      },
      userErrors: [],
    });
    await fixture.settled();
    const [trace] = nodesOf(
      await fixture.run(
        `{ auditRecords(first: 1, action: "evidence.audit_record.erase", targetId: "${id}") { nodes { result metadata } } }`,
      ),
    );
    expect(trace).toMatchObject({ result: 'SUCCESS', metadata: { reason: 'The person asked for it.' } });
    expect(
      (await fixture.run('{ auditVerification { erasedRecords fault { kind } } }')).data?.['auditVerification'],
    ).toEqual({ erasedRecords: '1', fault: null });
    expect((await erase(id)).data?.['auditRecordErase']).toMatchObject({
      auditRecord: null,
      userErrors: [{ code: 'INVALID_STATE' }],
    });
  });

  it('is refused for what does not exist, without a reason, with a secret in it, and to those without the right to', async () => {
    const id = await record(ours);
    expect((await erase('aud_none')).data?.['auditRecordErase']).toMatchObject({ userErrors: [{ code: 'NOT_FOUND' }] });
    expect((await erase(id, 'short')).data?.['auditRecordErase']).toMatchObject({
      userErrors: [{ code: 'INVALID_INPUT' }],
    });
    expect((await erase(id, 'It was password=hunter2hunter2')).data?.['auditRecordErase']).toMatchObject({
      userErrors: [{ code: 'SECRET_REFUSED' }],
    });
    expect(await erase(id, 'The person asked for it.', auditor)).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
  });
});
