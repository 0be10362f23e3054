import { graphql } from 'graphql';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../../../../kernel/access/actor.js';
import { type FederatedSchema, buildFederatedSchema } from '../../../../kernel/federation/federated-schema.js';
import { eventually, testHuman } from '../../../../kernel/testing/test-kernel.js';
import { type TestGateway, startTestGateway } from '../testing/test-gateway.js';

let gateway: TestGateway;
let federated: FederatedSchema;
const operator = testHuman('*');

beforeAll(async () => {
  gateway = await startTestGateway();
  federated = buildFederatedSchema(gateway.subgraph);
  gateway.authority.grant(operator.id, '*', 'platform');
});
afterAll(() => gateway.close());

async function run(
  source: string,
  actor: Actor,
  variableValues: Record<string, unknown> = {},
): Promise<{ data?: Record<string, unknown> | null }> {
  const contextValue = gateway.test.context(actor);
  return graphql({ schema: federated.schema, source, contextValue, variableValues });
}

async function createRoute(name: string, targets: readonly object[]): Promise<void> {
  const input = { projectId: gateway.place.projectId, name, targets };
  const source =
    'mutation ($input: ModelRouteCreateInput!) { modelRouteCreate(input: $input) { userErrors { code } } }';
  const { data } = await run(source, operator, { input });
  expect(data?.['modelRouteCreate']).toMatchObject({ userErrors: [] });
}

describe('lists', () => {
  it('cost a fixed number of statements, however many rows they have', async () => {
    const { modelId, endpointId } = await gateway.addModel('listed');
    for (let index = 0; index < 6; index += 1)
      await createRoute(`listed-${index}`, [{ modelId }, { endpointId, tier: 1 }]);
    const client = new OpenAI({ apiKey: gateway.key, baseURL: gateway.url, maxRetries: 0 });
    for (let index = 0; index < 4; index += 1)
      await client.chat.completions.create({ model: 'listed', messages: [{ role: 'user', content: 'x' }] });
    await eventually(
      async () =>
        ((await run('{ modelRequests { nodes { id } } }', operator)).data as { modelRequests: { nodes: unknown[] } })
          .modelRequests.nodes.length >= 4,
    );
    const context = (
      await run(
        `query($project: ID!) { _entities(representations: [{ __typename: "Project", id: $project }]) { ... on Project {
        modelRoutes(first: 50) { nodes { name project { id } targets { tier weight model { slug } endpoint { isReady model { slug } providerAccount { name } } } } }
        modelRequests(first: 50) { nodes { result cost { amount currency } route { name } model { slug } apiKey { id } } } } } }`,
        operator,
        { project: gateway.place.projectId },
      )
    ).data?.['_entities'] as [{ modelRoutes: { nodes: unknown[] }; modelRequests: { nodes: unknown[] } }];
    expect(context[0].modelRoutes.nodes.length).toBeGreaterThanOrEqual(7);
    expect(context[0].modelRequests.nodes[0]).toMatchObject({
      result: 'SUCCEEDED',
      cost: { amount: '0.00000011', currency: 'USD' },
      route: { name: 'listed' },
      model: { slug: 'listed' },
      apiKey: { id: gateway.apiKeyId },
    });
    const statements: number[] = [];
    // Background work may fall into a round: the fewest statements are the list's own.
    for (let round = 0; round < 5; round += 1) {
      const before = gateway.test.kernel.database.statementCount;
      const lists = await run(
        '{ modelRoutes(first: 50) { nodes { id targets { model { slug } endpoint { model { slug } } } } } modelRequests(first: 50) { nodes { id route { name } model { slug } } } }',
        operator,
      );
      statements.push(gateway.test.kernel.database.statementCount - before);
      expect(((lists.data ?? {})['modelRoutes'] as { nodes: unknown[] }).nodes.length).toBeGreaterThan(6);
    }
    // Routes, requests, targets, endpoints, routes of requests, and models at up to three depths; begin, read, commit each.
    expect(Math.min(...statements)).toBeLessThanOrEqual(8 * 3);
  });
});
