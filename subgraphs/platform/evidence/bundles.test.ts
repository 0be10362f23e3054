import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalHash } from '../../../kernel/commands/canonical-hash.js';
import { leastStatements } from '../../../kernel/testing/least-statements.js';
import { testHuman } from '../../../kernel/testing/test-kernel.js';
import { type EvidenceFixture, startEvidence } from './testing/evidence-fixture.js';

let fixture: EvidenceFixture;
const SHA = 'c'.repeat(40);
const outsider = testHuman([]);

beforeAll(async () => {
  fixture = await startEvidence();
});
afterAll(() => fixture.close());

interface Payload {
  readonly bundle?: { readonly id: string; readonly state: string; readonly [field: string]: unknown } | null;
  readonly item?: { readonly id: string; readonly contentDigest: string; readonly [field: string]: unknown } | null;
  readonly userErrors: {
    readonly code: string;
    readonly field: string[];
    readonly details: Record<string, unknown> | null;
    readonly message: string;
  }[];
}
async function mutate(name: string, selection: string, inputType: string, input: object): Promise<Payload> {
  const source = `mutation ($input: ${inputType}!) { ${name}(input: $input) { ${selection} userErrors { code field message details } } }`;
  const answer = await fixture.run(source, fixture.operator, { input });
  if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors));
  return answer.data?.[name] as Payload;
}
const BUNDLE = 'bundle { id state stateReason availableActions sealDigest sealedAt supersededBy { id } items { id } }';
const create = (overrides: object = {}): Promise<Payload> =>
  mutate('evidenceBundleCreate', BUNDLE, 'EvidenceBundleCreateInput', {
    kind: 'RELEASE',
    title: 'Release candidate',
    sourceSha: SHA,
    environmentProfile: 'prod',
    owner: 'release',
    ...overrides,
  });
const add = (bundleId: string, overrides: object = {}): Promise<Payload> =>
  mutate(
    'evidenceItemAdd',
    'item { id result contentDigest isExpired isSuperseded supersedesId bundle { id } }',
    'EvidenceItemAddInput',
    {
      bundleId,
      type: 'CI',
      title: 'Unit tests',
      result: 'PASS',
      owner: 'engineering',
      retentionClass: 'YEAR_1',
      summary: { passed: 10 },
      ...overrides,
    },
  );
const seal = (id: string): Promise<Payload> => mutate('evidenceBundleSeal', BUNDLE, 'EvidenceBundleSealInput', { id });
const opened = async (overrides: object = {}): Promise<string> => (await create(overrides)).bundle?.id ?? '';
const codes = (payload: Payload): unknown[] =>
  payload.userErrors.map(({ code, field }) => `${code} ${field?.slice(1).join('.') ?? ''}`);
const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

describe('a bundle', () => {
  it('is opened, filled, sealed, and streamed', async () => {
    const stream = await fixture.subscribe(
      'subscription { evidenceEvents { type data subject { id state } } }',
      fixture.operator,
    );
    const first = stream.next();
    const bundle = (await create()).bundle;
    expect(bundle).toMatchObject({
      state: 'OPEN',
      availableActions: ['SEAL', 'SUPERSEDE'],
      sealDigest: null,
      items: [],
    });
    const id = bundle?.id ?? '';
    expect(await first).toMatchObject({
      value: { data: { evidenceEvents: { type: 'evidence.bundle.created', subject: { id } } } },
    });
    const item = (await add(id)).item;
    expect(item).toMatchObject({ result: 'PASS', isSuperseded: false, bundle: { id } });
    const sealed = (await seal(id)).bundle;
    expect(sealed).toMatchObject({ state: 'SEALED', availableActions: ['SUPERSEDE'], items: [{ id: item?.id }] });
    expect(await stream.next()).toMatchObject({
      value: { data: { evidenceEvents: { type: 'evidence.item.added', data: { itemId: item?.id } } } },
    });
    expect(await stream.next()).toMatchObject({
      value: { data: { evidenceEvents: { type: 'evidence.bundle.sealed', subject: { state: 'SEALED' } } } },
    });
    await stream.return(undefined);
    // Whoever has the parts can recompute the seal.
    const items = [{ id: item?.id, contentDigest: item?.contentDigest, supersedesId: null }];
    const parts = { id, kind: 'release', sourceSha: SHA, environmentProfile: 'prod', owner: 'release', items };
    expect(sealed?.['sealDigest']).toBe(`sha256:${canonicalHash(parts)}`);
  });

  it('takes nothing more once it is sealed, and is sealed once', async () => {
    const id = await opened();
    await add(id);
    await seal(id);
    expect(codes(await add(id))).toEqual(['INVALID_STATE bundleId']);
    expect(await seal(id)).toMatchObject({
      bundle: null,
      userErrors: [{ code: 'INVALID_STATE', details: { state: 'sealed' } }],
    });
  });

  it('is not sealed while it is empty', async () => {
    expect(codes(await seal(await opened()))).toEqual(['INVALID_STATE id']);
    expect(codes(await seal('evb_none'))).toEqual(['NOT_FOUND id']);
  });

  it('takes the place of an older one, open or sealed, once and of its kind only', async () => {
    const [open, sealed] = [await opened(), await opened()];
    await add(sealed);
    await seal(sealed);
    for (const old of [open, sealed]) {
      const next = await opened({ supersedesId: old });
      expect(
        (
          await fixture.run(
            `{ evidenceBundle(id: "${old}") { state stateReason supersededBy { id } availableActions } }`,
          )
        ).data?.['evidenceBundle'],
      ).toEqual({
        state: 'SUPERSEDED',
        stateReason: 'A newer bundle took its place.',
        supersededBy: { id: next },
        availableActions: [],
      });
      expect(codes(await create({ supersedesId: old }))).toEqual(['INVALID_STATE supersedesId']);
      expect(codes(await seal(old))).toEqual(['INVALID_STATE id']);
      expect(codes(await add(old))).toEqual(['INVALID_STATE bundleId']);
    }
    expect(codes(await create({ supersedesId: await opened(), kind: 'UAT' }))).toEqual(['INVALID_INPUT supersedesId']);
    expect(codes(await create({ supersedesId: 'evb_none' }))).toEqual(['NOT_FOUND supersedesId']);
  });

  it('leaves nothing behind when it is refused', async () => {
    const sourceSha = 'd'.repeat(40);
    await create({ sourceSha, supersedesId: 'evb_none' });
    const found = await fixture.run(`{ evidenceBundles(sourceSha: "${sourceSha}") { nodes { id } } }`);
    expect(found.data?.['evidenceBundles']).toEqual({ nodes: [] });
  });

  it.each([
    [{ title: 'x' }, 'INVALID_INPUT title'],
    [{ sourceSha: 'main' }, 'INVALID_INPUT sourceSha'],
    [{ environmentProfile: 'Prod!' }, 'INVALID_INPUT environmentProfile'],
    [{ owner: ' ' }, 'INVALID_INPUT owner'],
    [{ title: 'password=hunter2hunter2' }, 'SECRET_REFUSED title'],
  ])('is refused with %j', async (overrides, code) => {
    expect(codes(await create(overrides))).toEqual([code]);
  });

  it('answers a replayed key with the first bundle', async () => {
    const [first, second] = [await create({ idempotencyKey: 'one' }), await create({ idempotencyKey: 'one' })];
    expect(second.bundle?.id).toBe(first.bundle?.id);
    expect(codes(await create({ idempotencyKey: 'one', title: 'Another' }))).toEqual([
      'IDEMPOTENCY_CONFLICT idempotencyKey',
    ]);
  });

  it('is nothing to those who may not read or write it', async () => {
    const id = await opened();
    for (const source of [
      '{ evidenceBundles { nodes { id } } }',
      `{ evidenceBundle(id: "${id}") { id } }`,
      '{ evidenceItem(id: "evi_x") { id } }',
      '{ evidenceEvents { type } }',
      `mutation { evidenceBundleSeal(input: { id: "${id}" }) { userErrors { code } } }`,
    ]) {
      expect(await fixture.run(source, outsider)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    }
    const entity = await fixture.run(
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on EvidenceBundle { id } } }',
      outsider,
      { r: [{ __typename: 'EvidenceBundle', id }] },
    );
    expect(entity.data?.['_entities']).toEqual([null]);
  });

  it('is listed with its items in two reads, and filtered', async () => {
    const sourceSha = 'e'.repeat(64);
    const ids = [await opened({ sourceSha }), await opened({ sourceSha, kind: 'UAT' }), await opened({ sourceSha })];
    for (const id of ids) await add(id);
    const source = `{ evidenceBundles(first: 10, sourceSha: "${sourceSha}", kind: RELEASE, state: OPEN) { nodes { id items { id } supersededBy { id } } } }`;
    expect(await leastStatements(fixture.test.kernel.database, () => fixture.run(source))).toBe(2 * 3);
    const answer = await fixture.run(source);
    expect(answer.data?.['evidenceBundles']).toMatchObject({ nodes: [{ id: ids[2], items: [{}] }, { id: ids[0] }] });
  });
});

describe('an item', () => {
  it('is superseded by a new one and never rewritten', async () => {
    const bundleId = await opened();
    const first = (await add(bundleId, { result: 'FAIL' })).item?.id ?? '';
    const second = (await add(bundleId, { supersedesId: first })).item?.id ?? '';
    expect(codes(await add(bundleId, { supersedesId: first }))).toEqual(['CONFLICT supersedesId']);
    expect(codes(await add(await opened(), { supersedesId: second }))).toEqual(['NOT_FOUND supersedesId']);
    const answer = await fixture.run(
      `{ evidenceBundle(id: "${bundleId}") { items { id } all: items(includesSuperseded: true) { id isSuperseded supersededById } } }`,
    );
    expect(answer.data?.['evidenceBundle']).toEqual({
      items: [{ id: second }],
      all: [
        { id: first, isSuperseded: true, supersededById: second },
        { id: second, isSuperseded: false, supersededById: null },
      ],
    });
    await expect(
      fixture.test.kernel.database.transaction('system', (tx) =>
        tx.execute("update evidence.items set result = 'pass'"),
      ),
    ).rejects.toThrow('permission denied');
  });

  it('that was skipped or blocked needs a reason and an expiry in reach', async () => {
    const bundleId = await opened();
    for (const result of ['SKIPPED', 'BLOCKED']) {
      expect(codes(await add(bundleId, { result }))).toEqual(['INVALID_INPUT reason', 'INVALID_INPUT expiresAt']);
      expect(codes(await add(bundleId, { result, reason: 'No fixture.', expiresAt: inDays(-1) }))).toEqual([
        'INVALID_INPUT expiresAt',
      ]);
      expect(codes(await add(bundleId, { result, reason: 'No fixture.', expiresAt: inDays(91) }))).toEqual([
        'INVALID_INPUT expiresAt',
      ]);
      const item = (await add(bundleId, { result, reason: 'No fixture.', expiresAt: inDays(30), followUp: 'OPS-1' }))
        .item;
      expect(item).toMatchObject({ result, isExpired: false });
    }
    expect(codes(await add(bundleId, { result: 'SKIPPED', owner: '' }))).toContain('INVALID_INPUT owner');
  });

  it('is refused with a secret anywhere in it, which is not repeated', async () => {
    const bundleId = await opened();
    const token = ['gh', 'p_', 'abcdefghijklmnopqrstuvwxyz0123456789'].join('');
    const refused = await add(bundleId, {
      title: `Used ${token}`,
      summary: { steps: [{ log: `Authorization: Bearer ${token}` }], kubeconfig: 'apiVersion' },
    });
    expect(codes(refused)).toEqual([
      'SECRET_REFUSED title',
      'SECRET_REFUSED summary.steps.0.log',
      'SECRET_REFUSED summary.kubeconfig',
    ]);
    expect(JSON.stringify(refused)).not.toContain(token);
    await fixture.settled();
    const rows = await fixture.test.kernel.database.read('system', (tx) =>
      tx.rows(
        "select 1 from evidence.audit_bodies where position('ghp_' in body) > 0 union all select 1 from kernel.event_log where position('ghp_' in body::text) > 0",
      ),
    );
    expect(rows).toEqual([]);
  });

  it.each([
    ['a summary that is too long', { summary: { text: 'x'.repeat(17_000) } }, 'LIMIT_REACHED summary'],
    [
      'a summary that is too deep',
      { summary: JSON.parse(`${'{"a":'.repeat(14)}1${'}'.repeat(14)}`) as object },
      'LIMIT_REACHED summary',
    ],
    ['half a character', { summary: { text: '\uD800' } }, 'INVALID_INPUT summary.text'],
    ['a character that is no text', { title: 'a\u0000b' }, 'INVALID_INPUT title'],
    ['a digest of another form', { artifactDigest: 'sha1:abc' }, 'INVALID_INPUT artifactDigest'],
    ['a bundle that does not exist', { bundleId: 'evb_none' }, 'NOT_FOUND bundleId'],
  ])('is refused with %s', async (_what, overrides, code) => {
    expect(codes(await add(await opened(), overrides))).toEqual([code]);
  });

  it('is not added beyond the bound of a bundle', async () => {
    const bundleId = await opened();
    const { item } = await add(bundleId);
    await fixture.test.kernel.database.transaction('system', (tx) =>
      tx.execute(
        `insert into evidence.items select 'evi_' || n, bundle_id, type, title, result, owner, retention_class, artifact_digest, summary, reason, expires_at,
           follow_up, content_digest, null, created_by, correlation_id, created_at from evidence.items, generate_series(1, 499) n where id = $1`,
        [item?.id],
      ),
    );
    expect(await add(bundleId)).toMatchObject({
      item: null,
      userErrors: [{ code: 'LIMIT_REACHED', details: { limit: 500 } }],
    });
  });

  it('of two that supersede the same at once, one is refused', async () => {
    const bundleId = await opened();
    const { item } = await add(bundleId);
    const results = await Promise.all([1, 2, 3].map(() => add(bundleId, { supersedesId: item?.id })));
    expect(results.map((result) => codes(result).join()).sort((a, b) => a.localeCompare(b))).toEqual([
      '',
      'CONFLICT supersedesId',
      'CONFLICT supersedesId',
    ]);
  });
});
