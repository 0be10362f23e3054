import { Writable } from 'node:stream';
import Fastify, { type FastifyInstance } from 'fastify';
import { systemActor } from '../../../../kernel/access/actor.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { Subgraph } from '../../../../kernel/subgraph.js';
import { createLogger } from '../../../../kernel/telemetry/logger.js';
import { TestAuthority } from '../../../../kernel/testing/test-authority.js';
import { type TestKernel, startTestKernel } from '../../../../kernel/testing/test-kernel.js';
import type { ProjectPlace } from '../../../platform/iam/index.js';
import type { Registry } from '../../../platform/registry/index.js';
import type { AppEndpointView } from '../../apps/index.js';
import type { Configuration } from '../../../../kernel/configuration/configuration.js';
import { tokenFactoryDefinition } from '../index.js';
import { type TokenFactoryTimings, createTokenFactorySubgraph } from '../subgraph.js';
import { StandInBilling } from './stand-in-billing.js';
import { StandInIam } from './stand-in-iam.js';

export interface TestGateway {
  readonly test: TestKernel;
  readonly authority: TestAuthority;
  readonly iam: StandInIam;
  readonly billing: StandInBilling;
  readonly subgraph: Subgraph;
  readonly place: ProjectPlace;
  readonly key: string;
  readonly apiKeyId: string;
  readonly server: FastifyInstance;
  /** `http://127.0.0.1:…/v1` */
  readonly url: string;
  readonly appEndpoints: AppEndpointView[];
  readonly healthReports: Parameters<Registry['reportHealth']>[1][];
  /** Everything that was logged. */
  readonly logged: string[];
  /** Runs one of the domain's commands as the system and answers the id; throws when it is refused. */
  command(action: string, input: unknown): Promise<string>;
  /** A built-in model with this behaviour behind an active route of the project; answers the ids. */
  addModel(
    name: string,
    options?: Partial<ModelOptions>,
  ): Promise<{ routeId: string; modelId: string; endpointId: string; providerId: string }>;
  close(): Promise<void>;
}

export interface ModelOptions {
  readonly upstreamModel: string;
  readonly providerId: string;
  readonly modality: 'text' | 'embedding';
  readonly tokenizer: 'builtin_words' | 'utf8_bytes';
  readonly contextWindowTokens: number;
  readonly maxOutputTokens: number;
  readonly inputNanos: bigint | null;
  readonly outputNanos: bigint;
  readonly withoutRoute: boolean;
}

export interface TestGatewayOptions {
  readonly timings?: Partial<TokenFactoryTimings>;
  readonly configuration?: Pick<Configuration, 'environment' | 'allowsPrivateUpstreams'>;
  readonly withoutWorker?: boolean;
}

/** Token Factory on a real database and a real HTTP server, with stand-ins for the platform. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const test = await startTestKernel({ domains: [tokenFactoryDefinition] });
  const logged: string[] = [];
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => (logged.push(chunk.toString()), done()),
  });
  Object.assign(test.kernel, { logger: createLogger({ level: 'trace', destination }) });
  const authority = new TestAuthority();
  test.kernel.pipeline.useAuthority(authority);
  const iam = new StandInIam(authority);
  const billing = new StandInBilling();
  const appEndpoints: AppEndpointView[] = [];
  const healthReports: TestGateway['healthReports'] = [];
  const subgraph = createTokenFactorySubgraph(
    {
      kernel: test.kernel,
      iam,
      billing,
      registry: { reportHealth: async (_tx, report) => (healthReports.push(report), { ok: true, value: null }) },
      apps: { endpointsOf: async (_tx, id) => appEndpoints.filter((view) => view.appInstanceId === id) },
      configuration: options.configuration ?? { environment: 'test', allowsPrivateUpstreams: true },
    },
    { firstByteMilliseconds: 2000, wholeMilliseconds: 2000, idleMilliseconds: 2000, ...options.timings },
  );
  if (options.withoutWorker !== true) test.runWorker(subgraph.jobs, subgraph.consumers);
  await subgraph.start?.();
  const server = Fastify({
    loggerInstance: test.kernel.logger as never,
    forceCloseConnections: true,
  }) as unknown as FastifyInstance;
  await subgraph.routes?.(server);
  const url = `${await server.listen({ host: '127.0.0.1', port: 0 })}/v1`;
  const place = iam.addProject();
  const command: TestGateway['command'] = async (action, input) => {
    const found = subgraph.commands.find((one) => one.action === action);
    if (found === undefined) throw new Error(`there is no command ${action}`);
    const result = await test.kernel.pipeline.execute(found, input, {
      actor: systemActor('test'),
      correlationId: newId('cor'),
    });
    if (!result.ok) throw new Error(result.refusals.map((refusal) => `${refusal.code}: ${refusal.message}`).join('; '));
    return (result.value as { id: string }).id;
  };
  const addModel = modelMaker({ command, billing, place, refresh: async () => refreshed(url, key) });
  const { key, apiKeyId } = iam.addKey(place);
  return {
    test,
    authority,
    iam,
    billing,
    subgraph,
    place,
    key,
    apiKeyId,
    server,
    url,
    appEndpoints,
    healthReports,
    logged,
    command,
    addModel,
    async close() {
      await server.close();
      await subgraph.stop?.();
      await test.close();
    },
  };
}

function modelMaker(deps: {
  command: TestGateway['command'];
  billing: StandInBilling;
  place: ProjectPlace;
  refresh: () => Promise<(name: string) => Promise<void>>;
}): TestGateway['addModel'] {
  const { command, billing, place } = deps;
  return async (name, options = {}) => {
    const modality = options.modality ?? 'text';
    const slug = name.toLowerCase();
    const inputNanos = options.inputNanos === undefined ? 10n : options.inputNanos;
    if (inputNanos !== null) {
      billing.priceBook.set(`model:${slug} input_token`, inputNanos);
      if (modality === 'text') billing.priceBook.set(`model:${slug} output_token`, options.outputNanos ?? 20n);
    }
    const modelId = await command('token_factory.model.register', {
      slug,
      title: name,
      modality,
      tokenizer: options.tokenizer ?? 'builtin_words',
      contextWindowTokens: options.contextWindowTokens ?? 8192,
      maxOutputTokens: options.maxOutputTokens ?? (modality === 'text' ? 1000 : 0),
    });
    const providerId =
      options.providerId ??
      (await command('token_factory.provider.create', { name: `builtin-${name}`, kind: 'builtin' }));
    const endpointId = await command('token_factory.endpoint.create', {
      providerAccountId: providerId,
      modelId,
      upstreamModel: options.upstreamModel ?? 'echo',
    });
    if (options.withoutRoute === true) return { routeId: '', modelId, endpointId, providerId };
    const routeId = await command('token_factory.route.create', {
      projectId: place.projectId,
      name,
      targets: [{ endpointId }],
    });
    if (inputNanos !== null) {
      await command('token_factory.route.activate', { id: routeId });
      await (
        await deps.refresh()
      )(name);
    }
    return { routeId, modelId, endpointId, providerId };
  };
}

/** Waits until the gateway serves a name: within a second of the commit, by the bound that another test asserts. */
async function refreshed(url: string, key: string): Promise<(name: string) => Promise<void>> {
  return async (name) => {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const response = await fetch(`${url}/models/${name}`, { headers: { authorization: `Bearer ${key}` } });
      await response.body?.cancel();
      if (response.status === 200) return;
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    throw new Error(`the gateway never served ${name}`);
  };
}
