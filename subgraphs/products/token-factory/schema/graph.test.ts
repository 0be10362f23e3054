import { graphql, parse, subscribe } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../../../../kernel/access/actor.js';
import { type FederatedSchema, buildFederatedSchema } from '../../../../kernel/federation/federated-schema.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { testHuman } from '../../../../kernel/testing/test-kernel.js';
import { type TestGateway, startTestGateway } from '../testing/test-gateway.js';

let gateway: TestGateway;
let federated: FederatedSchema;
let member: Actor;
let stranger: Actor;
const operator = testHuman('*');

beforeAll(async () => {
  gateway = await startTestGateway();
  federated = buildFederatedSchema(gateway.subgraph);
  member = testHuman([gateway.place.organizationId]);
  stranger = testHuman([gateway.iam.addProject().organizationId]);
  gateway.authority.grant(operator.id, '*', 'platform');
  gateway.authority.grant(member.id, '*', gateway.place.projectId);
  gateway.authority.grant(stranger.id, '*', stranger.organizationIds[0] ?? '');
});
afterAll(() => gateway.close());

interface Payload {
  readonly [field: string]: unknown;
  readonly userErrors: readonly { code: string; field: string[] | null }[];
}

type Answer = { data?: Record<string, unknown>; errors?: { extensions: { code: string } }[] };

async function run(source: string, actor: Actor, variableValues: Record<string, unknown> = {}): Promise<Answer> {
  const contextValue = gateway.test.context(actor);
  return JSON.parse(
    JSON.stringify(await graphql({ schema: federated.schema, source, contextValue, variableValues })),
  ) as Answer;
}

const ERRORS = 'userErrors { code field message details }';
const operate = (name: string, type: string, selection: string) =>
  `mutation($input: ${type}!) { ${name}(input: $input) { ${selection} ${ERRORS} receipt { auditId isReplay } } }`;

async function mutate(
  name: string,
  type: string,
  input: object,
  actor: Actor,
  selection = 'modelRoute { id state availableActions }',
): Promise<Payload> {
  const answer = await run(operate(name, type, selection), actor, { input });
  if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors));
  return answer.data?.[name] as Payload;
}

async function createdRoute(name: string, input: object = {}, actor = member): Promise<string> {
  const payload = await mutate(
    'modelRouteCreate',
    'ModelRouteCreateInput',
    { projectId: gateway.place.projectId, name, ...input },
    actor,
  );
  expect(payload.userErrors).toEqual([]);
  return (payload['modelRoute'] as { id: string }).id;
}

describe('the graph of models', () => {
  it('lets an operator set up a provider, whose key is nowhere to be seen', async () => {
    const secret = 'sk-graph-0123456789';
    const provider = await mutate(
      'providerAccountCreate',
      'ProviderAccountCreateInput',
      { name: 'acme', kind: 'OPENAI_COMPATIBLE', baseUrl: 'https://api.acme.test/v1/', secret },
      operator,
      'providerAccount { id kind baseUrl hasSecret health isEnabled }',
    );
    expect(provider).toMatchObject({
      userErrors: [],
      providerAccount: {
        kind: 'OPENAI_COMPATIBLE',
        baseUrl: 'https://api.acme.test/v1',
        hasSecret: true,
        health: 'HEALTHY',
      },
    });
    const id = (provider['providerAccount'] as { id: string }).id;
    const changed = await mutate(
      'providerAccountUpdate',
      'ProviderAccountUpdateInput',
      { id, isEnabled: false, secret: 'sk-graph-another-one' },
      operator,
      'providerAccount { isEnabled }',
    );
    expect(changed).toMatchObject({ providerAccount: { isEnabled: false } });
    expect([...gateway.iam.sealed.values()]).toEqual(['sk-graph-another-one']);
    const everything = JSON.stringify([
      await run('{ providerAccounts { nodes { id name hasSecret } } }', operator),
      gateway.authority.records,
      (await gateway.test.context(operator).history({}, null, 1000)).map((item) =>
        item.kind === 'event' ? item.entry.event : null,
      ),
    ]);
    expect(everything).not.toContain('sk-graph');
  });

  it('refuses addresses, names and identifiers with their own codes', async () => {
    const provider = (input: object) =>
      mutate('providerAccountCreate', 'ProviderAccountCreateInput', input, operator, 'providerAccount { id }');
    expect(
      (await provider({ name: 'meta', kind: 'OPENAI_COMPATIBLE', baseUrl: 'http://169.254.169.254/v1' })).userErrors,
    ).toMatchObject([{ code: 'INVALID_INPUT', field: ['input', 'baseUrl'] }]);
    expect((await provider({ name: 'none', kind: 'OPENAI_COMPATIBLE' })).userErrors).toMatchObject([
      { code: 'INVALID_INPUT' },
    ]);
    expect((await provider({ name: 'b', kind: 'BUILTIN', secret: '12345678' })).userErrors).toMatchObject([
      { code: 'INVALID_INPUT' },
    ]);
    await provider({ name: 'twice', kind: 'BUILTIN' });
    expect((await provider({ name: 'twice', kind: 'BUILTIN' })).userErrors).toMatchObject([
      { code: 'ALREADY_EXISTS', field: ['input', 'name'] },
    ]);
    expect(
      (
        await mutate(
          'providerAccountUpdate',
          'ProviderAccountUpdateInput',
          { id: newId('pva'), isEnabled: false },
          operator,
          'providerAccount { id }',
        )
      ).userErrors,
    ).toMatchObject([{ code: 'NOT_FOUND' }]);
    const model = { slug: 'm', title: 'M', contextWindowTokens: 10, tokenizer: 'UTF8_BYTES' };
    for (const fault of [
      { modality: 'TEXT', maxOutputTokens: 0 },
      { modality: 'EMBEDDING', maxOutputTokens: 5 },
      { modality: 'TEXT', maxOutputTokens: 10 },
    ]) {
      expect(
        (await mutate('modelRegister', 'ModelRegisterInput', { ...model, ...fault }, operator, 'model { id }'))
          .userErrors,
      ).toMatchObject([{ code: 'INVALID_INPUT', field: ['input', 'maxOutputTokens'] }]);
    }
    const { modelId, providerId } = await gateway.addModel('endpoints', { withoutRoute: true });
    const endpoint = (input: object) =>
      mutate(
        'modelEndpointCreate',
        'ModelEndpointCreateInput',
        { providerAccountId: providerId, modelId, upstreamModel: 'echo', ...input },
        operator,
        'modelEndpoint { id }',
      );
    expect((await endpoint({})).userErrors).toMatchObject([{ code: 'ALREADY_EXISTS' }]);
    expect((await endpoint({ modelId: newId('mdl') })).userErrors).toMatchObject([
      { code: 'NOT_FOUND', field: ['input', 'modelId'] },
    ]);
    expect((await endpoint({ providerAccountId: newId('pva') })).userErrors).toMatchObject([
      { code: 'NOT_FOUND', field: ['input', 'providerAccountId'] },
    ]);
    expect(
      (
        await mutate(
          'modelEndpointUpdate',
          'ModelEndpointUpdateInput',
          { id: newId('mep'), isEnabled: false },
          operator,
          'modelEndpoint { id }',
        )
      ).userErrors,
    ).toMatchObject([{ code: 'NOT_FOUND' }]);
  });

  it('takes a route through every state, and refuses every move that its state does not have', async () => {
    const { modelId } = await gateway.addModel('moving', { withoutRoute: true });
    const id = await createdRoute('moving-route', { targets: [{ modelId }] });
    const move = async (action: string) =>
      mutate(`modelRoute${action}`, 'ModelRouteMoveInput', { id, reason: 'test' }, member);
    expect((await move('Disable')).userErrors).toMatchObject([
      { code: 'INVALID_STATE', details: { state: 'draft', availableActions: ['activate', 'retire'] } },
    ]);
    expect(await move('Activate')).toMatchObject({
      modelRoute: { state: 'ACTIVE', availableActions: ['DISABLE', 'RETIRE'] },
    });
    expect((await move('Activate')).userErrors).toMatchObject([{ code: 'INVALID_STATE' }]);
    expect(await move('Disable')).toMatchObject({ modelRoute: { state: 'DISABLED' } });
    expect(await move('Activate')).toMatchObject({ modelRoute: { state: 'ACTIVE' } });
    expect(gateway.iam.routesHeld.has(id)).toBe(true);
    expect(await move('Retire')).toMatchObject({ modelRoute: { state: 'RETIRED', availableActions: [] } });
    expect(gateway.iam.routesHeld.has(id)).toBe(false);
    for (const action of ['Activate', 'Disable', 'Retire'])
      expect((await move(action)).userErrors).toMatchObject([{ code: 'INVALID_STATE' }]);
    expect(
      (await mutate('modelRouteUpdate', 'ModelRouteUpdateInput', { id, targets: [{ modelId }] }, member)).userErrors,
    ).toMatchObject([{ code: 'INVALID_STATE' }]);
    expect(await createdRoute('moving-route', { targets: [{ modelId }] })).not.toBe(id);
  });

  it('refuses routes that cannot be: taken names, unknown or foreign targets, no price, too many, archived projects', async () => {
    const { modelId } = await gateway.addModel('refusals', { withoutRoute: true, inputNanos: null });
    const create = (input: object, actor = member) =>
      mutate(
        'modelRouteCreate',
        'ModelRouteCreateInput',
        { projectId: gateway.place.projectId, name: 'refused', targets: [{ modelId }], ...input },
        actor,
      );
    const id = await createdRoute('taken', { targets: [{ modelId }] });
    expect((await create({ name: 'taken' })).userErrors).toMatchObject([
      { code: 'ALREADY_EXISTS', field: ['input', 'name'] },
    ]);
    expect(
      (await create({ targets: [{ modelId: newId('mdl') }, { endpointId: newId('mep') }] })).userErrors,
    ).toMatchObject([
      { code: 'NOT_FOUND', field: ['input', 'targets', '0', 'modelId'] },
      { code: 'NOT_FOUND', field: ['input', 'targets', '1', 'endpointId'] },
    ]);
    expect((await create({ targets: [{}] })).userErrors).toMatchObject([{ code: 'INVALID_INPUT' }]);
    expect((await create({ targets: [] })).userErrors).toMatchObject([{ code: 'INVALID_INPUT' }]);
    expect((await create({ name: ' no' })).userErrors).toMatchObject([
      { code: 'INVALID_INPUT', field: ['input', 'name'] },
    ]);
    expect((await create({ organizationId: gateway.place.organizationId })).userErrors).toMatchObject([
      { code: 'INVALID_INPUT' },
    ]);
    expect((await mutate('modelRouteActivate', 'ModelRouteMoveInput', { id }, member)).userErrors).toMatchObject([
      { code: 'PRICE_UNKNOWN' },
    ]);
    gateway.iam.targetsMax = 1;
    expect((await create({ targets: [{ modelId }, { modelId }] })).userErrors).toMatchObject([
      { code: 'POLICY_DENIED', details: { value: 1 } },
    ]);
    gateway.iam.targetsMax = 20;
    const archived = gateway.iam.addProject(gateway.place.organizationId);
    gateway.iam.places.set(archived.projectId, { ...archived, isActive: false });
    expect((await create({ projectId: archived.projectId }, operator)).userErrors).toMatchObject([
      { code: 'INVALID_STATE' },
    ]);
    expect((await create({ projectId: newId('prj') })).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    const foreign = await gateway.addModel('foreign', { withoutRoute: true });
    const other = gateway.iam.addProject();
    await gateway.test.kernel.database.transaction('system', (tx) =>
      tx.execute(
        `insert into token_factory.model_endpoints (id, model_id, organization_id, project_id, app_instance_id, app_endpoint_name, is_ready, created_at)
         values ('mep_foreign', $1, $2, $3, 'ain_foreign', 'api', true, now())`,
        [foreign.modelId, other.organizationId, other.projectId],
      ),
    );
    expect((await create({ targets: [{ endpointId: 'mep_foreign' }] })).userErrors).toMatchObject([
      { code: 'NOT_FOUND' },
    ]);
  });

  it('sets policies, and refuses models that do not exist and keys that are none', async () => {
    const { projectId } = gateway.iam.addProject(gateway.place.organizationId);
    gateway.authority.grant(member.id, '*', projectId);
    const set = (input: object) =>
      mutate(
        'modelPolicySet',
        'ModelPolicySetInput',
        { projectId, ...input },
        member,
        'modelPolicy { id requestsPerMinute allowedModels project { id } apiKey { id } }',
      );
    expect(await set({ requestsPerMinute: 5 })).toMatchObject({
      modelPolicy: { requestsPerMinute: 5, allowedModels: null, project: { id: projectId }, apiKey: null },
    });
    expect(await set({ allowedModels: [] })).toMatchObject({
      modelPolicy: { requestsPerMinute: null, allowedModels: [] },
    });
    expect((await set({ allowedModels: ['nothing'] })).userErrors).toMatchObject([
      { code: 'NOT_FOUND', field: ['input', 'allowedModels'] },
    ]);
    expect((await set({ apiKeyId: 'usr_1' })).userErrors).toMatchObject([{ code: 'INVALID_INPUT' }]);
    expect((await set({ requestsPerMinute: -1 })).userErrors).toMatchObject([
      { code: 'INVALID_INPUT', field: ['input', 'requestsPerMinute'] },
    ]);
  });

  it('answers a replay with the first route, and refuses the key with another input', async () => {
    const { modelId } = await gateway.addModel('replayed', { withoutRoute: true });
    const input = {
      projectId: gateway.place.projectId,
      name: 'replay',
      targets: [{ modelId }],
      idempotencyKey: 'once',
    };
    const first = await mutate('modelRouteCreate', 'ModelRouteCreateInput', input, member);
    const second = await mutate('modelRouteCreate', 'ModelRouteCreateInput', input, member);
    expect(second).toMatchObject({ modelRoute: first['modelRoute'], receipt: { isReplay: true } });
    expect(
      (await mutate('modelRouteCreate', 'ModelRouteCreateInput', { ...input, name: 'other' }, member)).userErrors,
    ).toMatchObject([{ code: 'IDEMPOTENCY_CONFLICT' }]);
  });

  it("keeps operators' things from members, and everything from other organizations", async () => {
    const { routeId } = await gateway.addModel('guarded');
    expect((await run('{ providerAccounts { nodes { id } } }', member)).errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN' } },
    ]);
    const query =
      'query($id: ID!, $project: ID!) { modelRoute(id: $id) { id } modelRoutes(projectId: $project) { nodes { id } } modelPolicies { nodes { id } } modelRequests { nodes { id } } modelRouteEvents(projectId: $project) { type } }';
    const variables = { id: routeId, project: gateway.place.projectId };
    expect((await run(query, member, variables)).data).toMatchObject({ modelRoute: { id: routeId } });
    const hidden = await run(query.replace('modelRouteEvents(projectId: $project) { type }', ''), stranger, variables);
    expect(hidden.data).toEqual({
      modelRoute: null,
      modelRoutes: { nodes: [] },
      modelPolicies: { nodes: [] },
      modelRequests: { nodes: [] },
    });
    expect((await run(query, stranger, variables)).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    const both = '{ modelRouteEvents(projectId: "prj_x", organizationId: "org_x") { type } }';
    expect((await run(both, stranger)).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    const moved = await run(operate('modelRouteDisable', 'ModelRouteMoveInput', 'modelRoute { id }'), stranger, {
      input: { id: routeId },
    });
    expect(moved.errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    expect(
      (
        await run(
          query,
          { kind: 'anonymous', id: 'anonymous', displayName: '', organizationIds: [], assurance: 0 },
          variables,
        )
      ).errors?.[0],
    ).toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
  });

  it('streams route events whose subject can be followed, and answers the same as history', async () => {
    const { modelId } = await gateway.addModel('streamed-events', { withoutRoute: true });
    const place = gateway.iam.addProject(gateway.place.organizationId);
    gateway.authority.grant(member.id, '*', place.projectId);
    const stream = await subscribe({
      schema: federated.schema,
      document: parse(
        'subscription($project: ID) { modelRouteEvents(projectId: $project) { cursor type subject { id state project { id } } } }',
      ),
      variableValues: { project: place.projectId },
      contextValue: gateway.test.context(member),
    });
    if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
    const first = stream.next();
    const id = await createdRoute('events', { projectId: place.projectId, targets: [{ modelId }] });
    expect(await first).toMatchObject({
      value: {
        data: {
          modelRouteEvents: {
            type: 'token_factory.route.created',
            subject: { id, state: 'DRAFT', project: { id: place.projectId } },
          },
        },
      },
    });
    await mutate('modelRouteActivate', 'ModelRouteMoveInput', { id }, member);
    expect(await stream.next()).toMatchObject({
      value: { data: { modelRouteEvents: { type: 'token_factory.route.state_changed', subject: { id } } } },
    });
    await stream.return?.();
    const history = await run(
      'query($project: ID) { modelRouteEvents(projectId: $project) { type subjectId } }',
      member,
      { project: place.projectId },
    );
    expect(history.data).toMatchObject({
      modelRouteEvents: [
        { type: 'token_factory.route.created', subjectId: id },
        { type: 'token_factory.route.state_changed' },
      ],
    });
  });
});
