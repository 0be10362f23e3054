import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as sdk from '../../codegen/sdk/src/index.js';
import { type GatewayServer, createGatewayServer } from '../../processes/gateway-server.js';
import { nodePrefixes, readPackets } from '../../subgraphs/packets.js';
import { OrganizationRows } from '../faults/organization-rows.js';
import { startFleet } from '../harness/agents.js';
import { type GraphqlAnswer, graphqlRequest } from '../harness/graphql-request.js';
import { type TestPlatform, startPlatform } from '../harness/platform.js';
import { settleOrganization } from '../harness/settled-organization.js';
import { crossReferences } from './cross-references.js';

let platform: TestPlatform;
let token: string;
let memberToken: string;
/** Identifiers of one organization, by prefix. */
let known: Map<string, string[]>;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  platform = await startPlatform({ CP_USAGE_WINDOW_SECONDS: '3600' });
  stops.push(() => platform.close());
  const fleet = await startFleet(platform);
  stops.push(() => fleet.stop());
  const organizationId = await settleOrganization(platform, 'Graph Labs', 'mira');
  const rows = await OrganizationRows.open(platform.database.superuserUrl);
  stops.push(() => rows.close());
  known = await rows.identifiersSeenFrom(organizationId);
  token = await platform.signIn('olivia');
  memberToken = await platform.signIn('mira');
}, 180_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

const ask = (query: string, variables: Record<string, unknown> = {}, url = platform.url): Promise<GraphqlAnswer> =>
  graphqlRequest(url, { query, variables, token });

function idOf(prefix: string): string {
  const [id] = known.get(prefix) ?? [];
  if (id === undefined) throw new Error(`there is no ${prefix}`);
  return id;
}

/** Another gateway beside the platform's own, over the same domains. */
async function anotherGateway(changes: Partial<TestPlatform['runtime']['configuration']>): Promise<string> {
  const { runtime } = platform;
  const gateway: GatewayServer = await createGatewayServer({
    ...runtime,
    configuration: { ...runtime.configuration, ...changes },
  });
  stops.push(() => gateway.close());
  return `${await gateway.server.listen({ host: '127.0.0.1', port: 0 })}/graphql`;
}

describe('entities', () => {
  it('are followed over every edge between two subgraphs without an error, and most lead somewhere', async () => {
    const prefixOfType = new Map([...(await nodePrefixes())].map(([prefix, type]) => [type, prefix]));
    const schemas = new Map([...platform.runtime.schemas].map(([name, { sdl }]) => [name, parse(sdl)]));
    const edges = crossReferences(schemas, await owners());
    const faults: string[] = [];
    const reached = new Set<string>();
    for (const { from, field, subgraph, query } of edges) {
      const [id] = known.get(prefixOfType.get(from) ?? '') ?? [];
      if (id === undefined) continue;
      const answer = await ask(query, { id });
      const node = answer.data?.['node'] as Record<string, unknown> | null | undefined;
      if (answer.errors.length > 0 || node == null)
        faults.push(`${from}.${field} of ${subgraph}: ${JSON.stringify(answer.errors)}`);
      else if (node[field] !== null) reached.add(`${from}.${field}`);
    }
    expect(faults).toEqual([]);
    expect([...reached]).toEqual(
      expect.arrayContaining([
        'Allocation.project',
        'Allocation.auditRecords',
        'Project.spend',
        'AppInstance.allocation',
      ]),
    );
    expect(reached.size).toBeGreaterThan(25);
  }, 120_000);

  it('are found by their identifier, alone and together, and null where there are none', async () => {
    const ids = [...known.values()].map(([id]) => id ?? '');
    const names = await nodePrefixes();
    const nodes = ids.filter((id) => names.has(id.slice(0, id.indexOf('_'))));
    const { data, errors } = await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids: nodes });
    expect(errors).toEqual([]);
    expect(data?.['nodes']).toEqual(nodes.map((id) => ({ __typename: names.get(id.slice(0, id.indexOf('_'))), id })));
    const nothing = await ask('{ a: node(id: "xyz_1") { id } b: node(id: "") { id } c: nodes(ids: ["no"]) { id } }');
    expect(nothing).toMatchObject({ errors: [], data: { a: null, b: null, c: [null] } });
    const gone = idOf('prj').slice(0, -4) + '0000';
    const query = 'query ($id: ID!) { node(id: $id) { ... on Project { name spend { total { amount } } } } }';
    expect(await ask(query, { id: gone })).toMatchObject({ errors: [], data: { node: null } });
  });
});

async function owners(): Promise<Map<string, string>> {
  const ownerOf = new Map<string, string>();
  for (const packet of await readPackets()) {
    const { nodeTypes } = packet.registries;
    const subgraph = packet.productId.replace(/^platform-/, '');
    if (Array.isArray(nodeTypes)) for (const { type } of nodeTypes) ownerOf.set(type, subgraph);
  }
  return ownerOf;
}

describe('a subgraph that is away', () => {
  it('costs its own fields only, whoever else adds to the same entities', async () => {
    const url = await anotherGateway({ subgraphUrls: new Map([['billing', 'http://127.0.0.1:9/graphql']]) });
    const query = `query ($project: ID!, $allocation: ID!) {
      project(id: $project) { name spend { total { amount } } organization { name } effectiveGrants { roleId } }
      allocation(id: $allocation) { state price { hash } sku { name } appInstances { state } spend { total { amount } } }
      priceBook { id }
    }`;
    const variables = { project: idOf('prj'), allocation: idOf('alc') };
    const whole = await ask(query, variables);
    expect(whole.errors).toEqual([]);
    const answer = await ask(query.replace('priceBook { id }', ''), variables, url);
    expect(answer.data).toMatchObject({
      project: { ...(whole.data?.['project'] as object), spend: null },
      allocation: { ...(whole.data?.['allocation'] as object), price: null, spend: null },
    });
    expect(answer.errors.length).toBeGreaterThan(0);
    for (const { extensions } of answer.errors)
      expect(extensions).toMatchObject({ code: 'UNAVAILABLE', service: 'billing', retryable: true });
    expect((await ask('{ priceBook { id } }', {}, url)).code).toBe('UNAVAILABLE');
  });
});

describe('the own engine beside the stock engine', () => {
  it('answers every query of the SDK with the same data', async () => {
    const url = await anotherGateway({ engine: 'stock' });
    const documents = Object.values(sdk).flatMap((value: unknown) => {
      const document = value as Partial<sdk.TypedDocument<unknown, unknown>>;
      return document.operation === 'query' ? [{ name: document.name, text: document.text ?? '' }] : [];
    });
    const given: Record<string, unknown> = {
      organizationId: idOf('org'),
      projectId: idOf('prj'),
      scopeId: idOf('prj'),
      permission: 'iam.project.read',
      appSlug: 'jupyterlab',
    };
    let answered = 0;
    for (const { name, text } of documents) {
      for (const id of text.includes('$id: ID!') ? [...known.values()].map(([first]) => first) : [undefined]) {
        const variables = id === undefined ? given : { ...given, id };
        const [own, stock] = await Promise.all([ask(text, variables), ask(text, variables, url)]);
        expect({ name, variables, data: lasting(own) }).toEqual({ name, variables, data: lasting(stock) });
        if (own.errors.length === 0) answered += 1;
      }
    }
    expect(documents.length).toBeGreaterThan(20);
    expect(answered).toBeGreaterThan(20);
  }, 240_000);
});

/** Without what each answer makes anew: identifiers of decisions, and the time of the answer. */
function lasting({ data }: GraphqlAnswer): unknown {
  return JSON.parse(
    JSON.stringify(data ?? null)
      .replaceAll(/dec_\w{26}/g, 'dec')
      .replaceAll(/"asOf":"[^"]*"/g, '"asOf":""'),
  );
}

describe('fields that ask for a permission', () => {
  it.each([
    '{ computeNodes { nodes { id } } }',
    '{ providerAccounts { nodes { id } } }',
    '{ auditIntegrity { treeSize } }',
  ])('are refused to a member, and answered to an operator: %s', async (query) => {
    expect((await ask(query)).errors).toEqual([]);
    const denied = await graphqlRequest(platform.url, { query, token: memberToken });
    expect(denied).toMatchObject({ code: 'FORBIDDEN', errors: [{ extensions: { requires: expect.any(String) } }] });
    expect((await graphqlRequest(platform.url, { query })).errors.length).toBeGreaterThan(0);
  });
});
