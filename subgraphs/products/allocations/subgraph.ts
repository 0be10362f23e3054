import type { Command } from '../../../kernel/commands/command.js';
import type { Kernel } from '../../../kernel/kernel.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { systemActor } from '../../../kernel/access/actor.js';
import type { Subgraph } from '../../../kernel/subgraph.js';
import type { Billing } from '../../platform/billing/index.js';
import type { Iam } from '../../platform/iam/index.js';
import type { Registry } from '../../platform/registry/index.js';
import { allocationEvents, forceReleaseRequested, releaseRequested } from './domain/allocation-events.js';
import {
  nodeObserved,
  nodeSchedulingChanged,
  nodeStateChanged,
  slotChanged,
  taskRefused,
} from './domain/node-events.js';
import { meterUsage } from './jobs/meter-usage.js';
import { reconcileAllocations } from './jobs/reconcile-allocations.js';
import { releaseDepleted } from './jobs/release-depleted.js';
import { watchNodes } from './jobs/watch-nodes.js';
import { NodeIdentities } from './node-protocol/node-identity.js';
import { nodeRoutes } from './node-protocol/node-routes.js';
import { TaskWaiting } from './node-protocol/task-waiting.js';
import { AllocationEventResolver } from './schema/allocation-events-resolver.js';
import { AllocationMutations } from './schema/allocation-mutations.js';
import { AllocationResolver, ProjectAllocationsResolver, resolveAllocation } from './schema/allocation-resolver.js';
import { CatalogueResolver, resolveRegion, resolveSku } from './schema/catalogue-resolver.js';
import { NodeMutations } from './schema/node-mutations.js';
import { ComputeNodeResolver, NodeEventResolver, resolveComputeNode } from './schema/node-resolver.js';
import type { AllocationServices } from './services.js';
import { TaskSigner } from './signing/task-signer.js';
import { HeartbeatBuffer } from './store/heartbeat-store.js';
import { type AllocationTiming, allocationTiming } from './timing.js';
import { createAdvanceAllocation } from './usecases/advance-allocation.js';
import { approveSlots, disableSlots } from './usecases/approve-slots.js';
import { createCreateAllocation } from './usecases/create-allocation.js';
import { createCreateNode } from './usecases/create-node.js';
import { createRegion } from './usecases/create-region.js';
import { createSku } from './usecases/create-sku.js';
import { createEnrollNode } from './usecases/enroll-node.js';
import { createForceCleanup } from './usecases/force-cleanup.js';
import { createForceRelease } from './usecases/force-release.js';
import { createIssueBootstrap } from './usecases/issue-bootstrap.js';
import { createMeterAllocation } from './usecases/meter-allocation.js';
import { observeNode } from './usecases/observe-node.js';
import { nodeOperations } from './usecases/operate-node.js';
import { createReleaseAllocation } from './usecases/release-allocation.js';
import { createReportTask } from './usecases/report-task.js';
import { createRetryRelease } from './usecases/retry-release.js';
import { createRotateSigner } from './usecases/rotate-signer.js';
import { setSkuOffer } from './usecases/set-sku-offer.js';

export interface AllocationsOptions {
  readonly kernel: Kernel;
  readonly iam: Pick<Iam, 'directory' | 'quotas' | 'policies' | 'secrets'>;
  readonly billing: Pick<Billing, 'prices' | 'holds' | 'usage'>;
  readonly registry: Pick<Registry, 'usageUnit' | 'reportHealth'>;
  readonly configuration: { readonly usageWindowSeconds: number };
  /** Shorter deadlines for tests and demonstrations. */
  readonly timing?: Partial<AllocationTiming>;
}

export interface AllocationsParts {
  readonly subgraph: Subgraph;
  readonly services: AllocationServices;
}

/** Wires the domain: services, commands, resolvers, jobs, node routes. Starts nothing. */
export function createAllocationsSubgraph(options: AllocationsOptions): AllocationsParts {
  const { kernel, iam, billing, registry } = options;
  const signer = new TaskSigner(kernel.database, iam.secrets);
  const timing = allocationTiming(options.configuration.usageWindowSeconds, options.timing);
  const { database, pipeline, logger } = kernel;
  const services: AllocationServices = { database, pipeline, logger, iam, billing, registry, signer, timing };
  const commands = createCommands(services);
  const heartbeats = new HeartbeatBuffer(database, logger);
  const waiting = new TaskWaiting({ database, signer, heartbeats, logger });
  const identities = new NodeIdentities(database);
  const { enrollNode, reportTask } = commands;
  const subgraph: Subgraph = {
    name: 'allocations',
    resolvers: [
      new AllocationResolver(services),
      new ProjectAllocationsResolver(),
      new AllocationMutations(commands),
      new AllocationEventResolver(iam.directory),
      new CatalogueResolver(),
      new ComputeNodeResolver(),
      new NodeEventResolver(),
      new NodeMutations({ create: commands.createNode, issueBootstrap: commands.issueBootstrap }),
    ],
    references: {
      Allocation: resolveAllocation,
      Sku: resolveSku,
      Region: resolveRegion,
      ComputeNode: resolveComputeNode,
      Project: (reference) => ({ id: reference['id'] }),
    },
    commands: listCommands(commands),
    events: [
      ...Object.values(allocationEvents),
      forceReleaseRequested,
      releaseRequested,
      nodeStateChanged,
      nodeObserved,
      nodeSchedulingChanged,
      slotChanged,
      taskRefused,
    ],
    jobs: [
      reconcileAllocations(services, commands.advance),
      meterUsage(services, commands.meter),
      watchNodes(services, observeNode),
    ],
    consumers: [releaseDepleted],
    routes: nodeRoutes({ services, identities, heartbeats, waiting, enrollNode, reportTask }),
    async start() {
      const actor = systemActor('allocations.start');
      await pipeline.execute(commands.rotateSigner, { step: 'ensure' }, { actor, correlationId: newId('cor') });
      await signer.load();
    },
    async stop() {
      waiting.close();
      await heartbeats.flush();
    },
  };
  return { subgraph, services };
}

function createCommands(services: AllocationServices) {
  return {
    create: createCreateAllocation(services),
    release: createReleaseAllocation(services),
    retryRelease: createRetryRelease(services),
    forceRelease: createForceRelease(services),
    forceCleanup: createForceCleanup(services),
    advance: createAdvanceAllocation(services),
    meter: createMeterAllocation(services),
    reportTask: createReportTask(services),
    createNode: createCreateNode(services),
    issueBootstrap: createIssueBootstrap(services),
    enrollNode: createEnrollNode(services),
    rotateSigner: createRotateSigner(services),
  };
}

function listCommands(commands: ReturnType<typeof createCommands>): readonly Command[] {
  const fixed = [
    createRegion,
    createSku,
    setSkuOffer,
    approveSlots,
    disableSlots,
    observeNode,
    ...Object.values(nodeOperations),
  ];
  return [...Object.values(commands), ...fixed] as readonly Command[];
}
