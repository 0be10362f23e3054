import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { type ExecutionResult, type GraphQLSchema, graphql } from 'graphql';
import type { Actor } from '../../../../kernel/access/actor.js';
import { buildFederatedSchema } from '../../../../kernel/federation/federated-schema.js';
import { TestAuthority } from '../../../../kernel/testing/test-authority.js';
import { type TestKernel, startTestKernel, testHuman } from '../../../../kernel/testing/test-kernel.js';
import type { ProjectPlace } from '../../../platform/iam/index.js';
import { type SimulatedFleet, startSimulatedFleet } from '../../../../agent/fleet/simulated-fleet.js';
import type { Fault } from '../../../../agent/runtime/simulated-runtime.js';
import { allocationsDefinition } from '../index.js';
import type { ReferenceNode } from '../seed/reference-catalogue.js';
import { seedReferenceCapacity } from '../seed/seed-reference-capacity.js';
import type { AllocationServices } from '../services.js';
import { createAllocationsSubgraph } from '../subgraph.js';
import type { AllocationTiming } from '../timing.js';
import { PlatformStandIns } from './platform-stand-ins.js';

export interface WorldOptions {
  readonly nodes?: readonly ReferenceNode[];
  readonly timing?: Partial<AllocationTiming>;
  readonly usageWindowSeconds?: number;
  /** Run background jobs. Without them a test steps by hand. */
  readonly runsJobs?: boolean;
  /** Without a worker no event reaches the log. */
  readonly runsWorker?: boolean;
  readonly environment?: Record<string, string>;
}

/** The domain on a database of its own, with stand-ins for the platform, a project, a member and an operator. */
export interface AllocationWorld {
  readonly test: TestKernel;
  readonly authority: TestAuthority;
  readonly platform: PlatformStandIns;
  readonly services: AllocationServices;
  readonly subgraph: ReturnType<typeof createAllocationsSubgraph>['subgraph'];
  readonly schema: GraphQLSchema;
  readonly project: ProjectPlace;
  readonly member: Actor;
  readonly operator: Actor;
  readonly bootstrapTokens: Readonly<Record<string, string>>;
  /** Runs a document and answers `data`; throws when there are errors. */
  ask(source: string, variables?: Record<string, unknown>, actor?: Actor): Promise<Record<string, unknown>>;
  answer(source: string, variables?: Record<string, unknown>, actor?: Actor): Promise<ExecutionResult>;
  /** Serves the node routes on loopback. */
  serve(): Promise<string>;
  startFleet(options?: {
    faults?: Record<string, readonly Fault[]>;
    provisionMilliseconds?: number;
  }): Promise<SimulatedFleet>;
  /** Puts nodes into service without an agent. */
  activateNodes(): Promise<void>;
  close(): Promise<void>;
}

export const SLICE_NODES: readonly ReferenceNode[] = [
  { name: 'slice-1', region: 'eu-north-1', sku: 'h200-sxm-slice', gpuCount: 8, numaNodes: 2 },
  { name: 'slice-2', region: 'eu-north-1', sku: 'h200-sxm-slice', gpuCount: 8, numaNodes: 2 },
];

const PRICE_NANOS = 4_500_000_000n;

function priceAll(platform: PlatformStandIns): void {
  for (const name of ['h200-sxm-slice', 'h200', 'h100', 'mi300x', 'cs-3'])
    platform.price(name, 'gpu_hour', PRICE_NANOS);
  platform.price('compute-vm-small', 'node_hour', 100_000_000n);
}

export async function createAllocationWorld(options: WorldOptions = {}): Promise<AllocationWorld> {
  const test = await startTestKernel({
    domains: [allocationsDefinition],
    ...(options.environment ? { environment: options.environment } : {}),
  });
  const authority = new TestAuthority();
  test.kernel.pipeline.useAuthority(authority);
  const platform = new PlatformStandIns();
  priceAll(platform);
  const { subgraph, services } = createAllocationsSubgraph({
    kernel: test.kernel,
    iam: platform.iam,
    billing: platform.billing,
    registry: platform.registry,
    configuration: { usageWindowSeconds: options.usageWindowSeconds ?? 60 },
    timing: { reconcileMilliseconds: 50, heartbeatSeconds: 0.2, ...options.timing },
  });
  const project = platform.project();
  const member = testHuman([project.organizationId]);
  const operator = testHuman('*');
  authority.grant(member.id, '*', project.projectId);
  authority.grant(operator.id, '*', 'platform');
  await subgraph.start?.();
  const { bootstrapTokens, machines } = await seedReferenceCapacity(services, options.nodes ?? SLICE_NODES);
  const jobs = options.runsJobs === false ? [] : subgraph.jobs;
  if (options.runsWorker !== false) test.runWorker(jobs, options.runsJobs === false ? [] : subgraph.consumers);
  const { schema } = buildFederatedSchema(subgraph);
  const closers: (() => Promise<void>)[] = [];
  let server: FastifyInstance | undefined;
  let baseUrl = '';

  const world: AllocationWorld = {
    test,
    authority,
    platform,
    services,
    subgraph,
    schema,
    project,
    member,
    operator,
    bootstrapTokens,
    answer: (source, variables = {}, actor = member) =>
      graphql({ schema, source, variableValues: variables, contextValue: test.context(actor) }),
    async ask(source, variables, actor) {
      const result = await world.answer(source, variables, actor);
      if (result.errors !== undefined) throw new Error(result.errors.map((error) => error.message).join('; '));
      return result.data as Record<string, unknown>;
    },
    async serve() {
      if (server !== undefined) return baseUrl;
      server = fastify({ forceCloseConnections: true });
      await subgraph.routes?.(server);
      baseUrl = await server.listen({ host: '127.0.0.1', port: 0 });
      return baseUrl;
    },
    async startFleet(fleet = {}) {
      const stateDirectory = await mkdtemp(path.join(tmpdir(), 'fleet-'));
      const started = await startSimulatedFleet({
        baseUrl: await world.serve(),
        nodes: machines,
        bootstrapTokens,
        stateDirectory,
        waitSeconds: 2,
        heartbeatSeconds: 0.2,
        provisionMilliseconds: 5,
        releaseMilliseconds: 5,
        ...fleet,
      });
      closers.push(async () => {
        await started.stop();
        await rm(stateDirectory, { recursive: true, force: true });
      });
      return started;
    },
    async activateNodes() {
      await test.kernel.database.transaction('system', (tx) =>
        tx.execute(
          `update allocations.nodes set state = 'active', connectivity = 'CONNECTED', health = 'HEALTHY', state_deadline_at = null`,
        ),
      );
    },
    async close() {
      for (const closer of closers.splice(0)) await closer();
      await server?.close();
      await subgraph.stop?.();
      await test.close();
    },
  };
  return world;
}

export const CREATE = `mutation ($input: AllocationCreateInput!) { allocationCreate(input: $input) {
  allocation { id state gpuCount connection { host port user } sku { name } region { name } project { id } node { name } availableActions whyPending { reason } }
  userErrors { code field message details } receipt { auditId isReplay } } }`;
export const RELEASE = `mutation ($input: AllocationReleaseInput!) { allocationRelease(input: $input) {
  allocation { id state availableActions isReleaseRequested } userErrors { code message details } } }`;

interface Created {
  readonly allocation: {
    readonly id: string;
    readonly state: string;
    readonly node: { readonly name: string } | null;
  } | null;
  readonly userErrors: readonly {
    readonly code: string;
    readonly field: string[] | null;
    readonly message: string;
    readonly details: Record<string, never> | null;
  }[];
}

/** Asks for an allocation as the member, with defaults for what a test does not care about. */
export async function createAllocation(
  world: AllocationWorld,
  input: Record<string, unknown> = {},
  actor?: Actor,
): Promise<Created> {
  const complete = {
    projectId: world.project.projectId,
    sku: 'h200-sxm-slice',
    region: 'eu-north-1',
    gpuCount: 2,
    ...input,
  };
  const data = await world.ask(CREATE, { input: complete }, actor);
  return data['allocationCreate'] as Created;
}

/** The state of an allocation as the database has it. */
export async function stateOf(world: AllocationWorld, id: string): Promise<string> {
  const row = await world.test.kernel.database.read('system', (tx) =>
    tx.row<{ state: string }>('select state from allocations.allocations where id = $1', [id]),
  );
  return row?.state ?? 'missing';
}
