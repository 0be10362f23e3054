import { graphql, parse, subscribe } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../../../kernel/access/actor.js';
import { type FederatedSchema, buildFederatedSchema } from '../../../kernel/federation/federated-schema.js';
import { leastStatements } from '../../../kernel/testing/least-statements.js';
import { TestAuthority } from '../../../kernel/testing/test-authority.js';
import { type TestKernel, eventually, startTestKernel, testHuman } from '../../../kernel/testing/test-kernel.js';
import { type Registry, createRegistry, registryDefinition } from './index.js';
import packet from './packet.json' with { type: 'json' };
import { testPacket } from './testing/test-packet.js';

let test: TestKernel;
let registry: Registry;
let schema: FederatedSchema['schema'];
let sdl: string;
const authority = new TestAuthority();
const operator = testHuman('*');
const reader = testHuman([]);
authority.grant(operator.id, '*', 'platform');

beforeAll(async () => {
  test = await startTestKernel({ domains: [registryDefinition] });
  test.kernel.pipeline.useAuthority(authority);
  registry = createRegistry({ kernel: test.kernel });
  ({ schema, sdl } = buildFederatedSchema(registry.subgraph));
  test.runWorker(registry.subgraph.jobs);
  await registry.subgraph.start?.();
  await registry.registerPacket(testPacket('compute'));
});
afterAll(async () => {
  await registry.subgraph.stop?.();
  await test.close();
});

type Answer = { data: Record<string, unknown>; errors?: unknown[] };
async function run(
  source: string,
  who: Actor = operator,
  variableValues: Record<string, unknown> = {},
): Promise<Answer> {
  return (await graphql({ schema, source, contextValue: test.context(who), variableValues })) as unknown as Answer;
}
async function open(severity = 'MINOR', components = '[]'): Promise<string> {
  const answer = await run(
    `mutation { incidentOpen(input: { title: "Disk", severity: ${severity}, componentIds: ${components} }) { incident { id } userErrors { code } } }`,
  );
  return (answer.data['incidentOpen'] as { incident: { id: string } }).incident.id;
}
async function move(id: string, event: string): Promise<unknown> {
  return run(
    `mutation { incidentUpdate(input: { id: "${id}", event: ${event}, reason: "why" }) { incident { state stateReason } userErrors { code } } }`,
  );
}

describe('incidents', () => {
  it('are opened, streamed with their subject, and listed to whoever is signed in', async () => {
    expect(sdl).toContain('type Incident implements Node @key(fields: "id")');
    const stream = await subscribe({
      schema,
      document: parse('subscription { incidentEvents { type subject { id title state components { componentId } } } }'),
      contextValue: test.context(reader),
    });
    if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
    const first = stream.next();
    const id = await open('MAJOR', '["compute-service"]');
    expect(await first).toMatchObject({
      value: {
        data: {
          incidentEvents: {
            type: 'registry.incident.opened',
            subject: { id, state: 'OPEN', components: [{ componentId: 'compute-service' }] },
          },
        },
      },
    });
    await stream.return?.();
    expect(await run('{ incidents(first: 1) { nodes { id severity availableActions } } }', reader)).toMatchObject({
      data: {
        incidents: { nodes: [{ id, severity: 'MAJOR', availableActions: ['INVESTIGATE', 'MITIGATE', 'RESOLVE'] }] },
      },
    });
    const history = await run('{ incidentEvents(first: 100) { type subjectId } }', reader);
    expect(history.data['incidentEvents']).toContainEqual({ type: 'registry.incident.opened', subjectId: id });
  });

  it.each([
    ['INVESTIGATE', [], 'INVESTIGATING'],
    ['MITIGATE', [], 'MITIGATED'],
    ['RESOLVE', [], 'RESOLVED'],
    ['MITIGATE', ['INVESTIGATE'], 'MITIGATED'],
    ['RESOLVE', ['INVESTIGATE'], 'RESOLVED'],
    ['INVESTIGATE', ['MITIGATE'], 'INVESTIGATING'],
    ['RESOLVE', ['MITIGATE'], 'RESOLVED'],
    ['REOPEN', ['RESOLVE'], 'OPEN'],
  ])('%s after %j leads to %s', async (event, before, state) => {
    const id = await open();
    for (const step of before) await move(id, step);
    expect(await move(id, event)).toMatchObject({
      data: { incidentUpdate: { incident: { state, stateReason: 'why' }, userErrors: [] } },
    });
  });

  it('refuse what their state does not allow, and what does not exist', async () => {
    const id = await open();
    expect(await move(id, 'REOPEN')).toMatchObject({
      data: { incidentUpdate: { userErrors: [{ code: 'INVALID_STATE' }] } },
    });
    await move(id, 'RESOLVE');
    expect(await move(id, 'MITIGATE')).toMatchObject({
      data: { incidentUpdate: { userErrors: [{ code: 'INVALID_STATE' }] } },
    });
    expect(await move('inc_nothing', 'RESOLVE')).toMatchObject({
      data: { incidentUpdate: { userErrors: [{ code: 'NOT_FOUND' }] } },
    });
  });

  it('refuse components that nobody registered', async () => {
    const answer = await run(
      'mutation { incidentOpen(input: { title: "Disk", severity: MINOR, componentIds: ["nothing"] }) { incident { id } userErrors { code details } } }',
    );
    expect(answer).toMatchObject({
      data: {
        incidentOpen: { incident: null, userErrors: [{ code: 'NOT_REGISTERED', details: { ids: ['nothing'] } }] },
      },
    });
  });

  it('are not opened by those without the right to, and not shown to the anonymous', async () => {
    const mutation = 'mutation { incidentOpen(input: { title: "Disk", severity: MINOR }) { userErrors { code } } }';
    expect(await run(mutation, reader)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    const anonymous = testHuman([], { kind: 'anonymous', id: 'anonymous' });
    expect(await run('{ incidents { nodes { id } } }', anonymous)).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
    expect(await run('{ statusEvents { type } }', anonymous)).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });
});

describe('the graph of the registry', () => {
  it('registers a product by data only, through a mutation', async () => {
    const source =
      'mutation ($packet: JSONObject!) { packetRegister(input: { packet: $packet }) { product { id productId state availableActions packet } userErrors { code field } receipt { auditId } } }';
    const answer = await run(source, operator, { packet: testPacket('fourth') });
    expect(answer).toMatchObject({
      data: {
        packetRegister: {
          product: {
            productId: 'fourth',
            state: 'ACTIVE',
            availableActions: ['DEPRECATE'],
            packet: { productId: 'fourth' },
          },
          userErrors: [],
        },
      },
    });
    expect(registry.isPermission('fourth.thing.make')).toBe(true);
    const broken = { ...testPacket('fifth'), owners: { product: 'a' } };
    expect(await run(source, operator, { packet: broken })).toMatchObject({
      data: {
        packetRegister: {
          product: null,
          userErrors: ['engineering', 'operations', 'security'].map((owner) => ({
            code: 'INVALID_INPUT',
            field: ['input', 'packet', 'owners', owner],
          })),
        },
      },
    });
    expect(await run(source, reader, { packet: testPacket('sixth') })).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
  });

  it('answers products, entries and components to whoever is signed in, and packets to those who may see them', async () => {
    const answer = await run(
      `{ product(id: "compute") { title packet }
         registryEntries(family: PERMISSION, productId: "compute", first: 5) { nodes { key version state product { productId } } }
         statusComponents(productId: "compute") { nodes { componentId health product { slug } } }
         statusComponent(id: "compute-service") { title } }`,
      reader,
    );
    expect(answer).toMatchObject({
      data: {
        product: { title: 'A product', packet: null },
        registryEntries: {
          nodes: [{ key: 'compute.thing.make', version: 1, state: 'ACTIVE', product: { productId: 'compute' } }],
        },
        statusComponents: { nodes: [{ componentId: 'compute-service', product: { slug: 'compute' } }] },
        statusComponent: { title: 'It' },
      },
    });
  });

  it('resolves references of other subgraphs and pages both ways', async () => {
    const all = await run('{ registryEntries(first: 100, productId: "compute") { nodes { id key } } }');
    const entries = (all.data['registryEntries'] as { nodes: { id: string; key: string }[] }).nodes;
    const reference = await run(
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on RegistryEntry { key } ... on Product { slug } } }',
      reader,
      {
        r: [
          { __typename: 'RegistryEntry', id: entries[0]?.id },
          { __typename: 'Product', id: 'prd_none' },
        ],
      },
    );
    expect(reference).toMatchObject({ data: { _entities: [{ key: entries[0]?.key }, null] } });
    const page = 'nodes { key } pageInfo { endCursor startCursor hasNextPage }';
    const first = await run(`{ registryEntries(first: 2, productId: "compute") { ${page} } }`);
    const { endCursor } = (first.data['registryEntries'] as { pageInfo: { endCursor: string } }).pageInfo;
    const second = await run(`{ registryEntries(first: 2, after: "${endCursor}", productId: "compute") { ${page} } }`);
    const { startCursor } = (second.data['registryEntries'] as { pageInfo: { startCursor: string } }).pageInfo;
    const back = await run(`{ registryEntries(last: 2, before: "${startCursor}", productId: "compute") { ${page} } }`);
    expect((back.data['registryEntries'] as { nodes: unknown }).nodes).toEqual(
      (first.data['registryEntries'] as { nodes: unknown }).nodes,
    );
    expect((second.data['registryEntries'] as { nodes: unknown }).nodes).toEqual(
      entries.slice(2, 4).map(({ key }) => ({ key })),
    );
  });

  it.each([
    [
      'incidents with components',
      '{ incidents(first: 20) { nodes { id components { componentId product { slug } } } } }',
      3,
    ],
    ['entries with products', '{ registryEntries(first: 20) { nodes { key product { slug } } } }', 2],
    ['products', '{ products(first: 20) { nodes { slug packet } } }', 1],
    [
      'components with incidents',
      '{ statusComponents(first: 20) { nodes { componentId product { slug } openIncidents { id } } } }',
      3,
    ],
  ])('answers a list of %s in a fixed number of reads', async (_name, source, reads) => {
    await open('MINOR', '["compute-service"]');
    await open('MINOR', '["compute-service"]');
    expect(await run(source)).not.toHaveProperty('errors');
    expect(await leastStatements(test.kernel.database, () => run(source))).toBe(reads * 3);
  });
});

describe('status', () => {
  const report = (health: 'ready' | 'degraded' | 'unavailable', componentId = 'compute-service'): Promise<unknown> =>
    test.kernel.database.transaction('system', (tx) =>
      registry.reportHealth(tx, { componentId, health, detail: 'seen' }),
    );

  it('becomes unknown when reports stop, and tells each change once', async () => {
    const before = test.kernel.feed.head;
    await report('ready');
    await report('ready');
    expect(await run('{ statusComponent(id: "compute-service") { health detail } }', reader)).toMatchObject({
      data: { statusComponent: { health: 'READY', detail: 'seen' } },
    });
    await report('degraded');
    const told = await eventually(async () => {
      const { events } = await test.kernel.feed.readAfter(before, { types: ['registry.component.'] }, 10);
      return (
        events.length >= 3 && events.map(({ event }) => `${String(event.data['from'])} ${String(event.data['to'])}`)
      );
    });
    expect(told).toEqual(['unknown ready', 'ready degraded', 'degraded unknown']);
    expect(await run('{ statusComponent(id: "compute-service") { health } }')).toMatchObject({
      data: { statusComponent: { health: 'UNKNOWN' } },
    });
  });

  it('streams changes to whoever is signed in', async () => {
    const stream = await subscribe({
      schema,
      document: parse('subscription { statusEvents { subject { componentId health } } }'),
      contextValue: test.context(reader),
    });
    if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
    const first = stream.next();
    await report('unavailable');
    expect(await first).toMatchObject({
      value: { data: { statusEvents: { subject: { componentId: 'compute-service', health: 'UNAVAILABLE' } } } },
    });
    await stream.return?.();
  });

  it('is reported by the registry of itself', async () => {
    await registry.registerPacket(packet);
    await eventually(async () => {
      const answer = await run('{ statusComponent(id: "registry-snapshot") { health } }', reader);
      return (answer.data['statusComponent'] as { health: string } | null)?.health === 'READY';
    });
  });

  it('refuses a component that nobody registered', async () => {
    expect(await report('ready', 'nothing')).toMatchObject({ ok: false, refusals: [{ code: 'NOT_REGISTERED' }] });
  });
});
