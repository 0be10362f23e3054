import { afterAll, beforeAll, expect, it } from 'vitest';
import { graphql, subscribe, parse } from 'graphql';
import { buildFederatedSchema } from '../../../kernel/federation/federated-schema.js';
import { TestAuthority } from '../../../kernel/testing/test-authority.js';
import { type TestKernel, startTestKernel, testHuman } from '../../../kernel/testing/test-kernel.js';
import { registryDefinition, createRegistry } from './index.js';

let test: TestKernel;
const authority = new TestAuthority();
const operator = testHuman('*');
const reader = testHuman([]);
authority.grant(operator.id, '*', 'platform');

beforeAll(async () => {
  test = await startTestKernel({ domains: [registryDefinition] });
  test.kernel.pipeline.useAuthority(authority);
  test.runWorker();
});
afterAll(() => test.close());

it('opens an incident, moves it, refuses what its state does not allow, lists and streams it', async () => {
  const { schema, sdl } = buildFederatedSchema(createRegistry({ kernel: test.kernel }).subgraph);
  expect(sdl).toContain('type Incident implements Node @key(fields: "id")');
  const stream = await subscribe({
    schema,
    document: parse('subscription { incidentEvents { cursor type subject { id title state } } }'),
    contextValue: test.context(operator),
  });
  if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
  const first = stream.next();
  const run = (source: string, who = operator): Promise<unknown> => graphql({ schema, source, contextValue: test.context(who) });
  const opened = (await run(`mutation { incidentOpen(input: { title: "Disk", severity: "minor" }) { incident { id state availableActions } userErrors { code } } }`)) as {
    data: { incidentOpen: { incident: { id: string } } };
  };
  const { id } = opened.data.incidentOpen.incident;
  expect(opened.data.incidentOpen.incident).toMatchObject({ state: 'OPEN', availableActions: ['INVESTIGATE', 'MITIGATE', 'RESOLVE'] });
  expect(await first).toMatchObject({ value: { data: { incidentEvents: { type: 'registry.incident.opened', subject: { id, state: 'OPEN' } } } } });
  expect(await run(`mutation { incidentUpdate(input: { id: "${id}", event: REOPEN, reason: "no" }) { incident { id } userErrors { code details } } }`)).toMatchObject({
    data: { incidentUpdate: { incident: null, userErrors: [{ code: 'INVALID_STATE' }] } },
  });
  expect(await run(`{ incidents(first: 5) { nodes { id } pageInfo { hasNextPage } } }`, reader)).toMatchObject({ data: { incidents: { nodes: [{ id }] } } });
  expect(await run(`mutation { incidentOpen(input: { title: "Disk", severity: "minor" }) { userErrors { code } } }`, reader)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  await stream.return?.();
});
