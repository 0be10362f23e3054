import type { Kernel } from '../../../kernel/kernel.js';
import type { Subgraph } from '../../../kernel/subgraph.js';
import type { Registry } from '../../platform/registry/index.js';
import { APPS_EVENTS } from './domain/apps-events.js';
import { allocationConsumer, appsJobs } from './jobs/apps-jobs.js';
import { ArtifactResolver, resolveArtifact } from './schema/artifact-resolver.js';
import { AppResolver, AppVersionResolver, resolveApp, resolveVersion } from './schema/catalogue-resolver.js';
import { EntitlementResolver, resolveEntitlement } from './schema/entitlement-resolver.js';
import { createInstanceEventResolver } from './schema/instance-event-resolver.js';
import {
  AllocationAppsResolver,
  EndpointResolver,
  InstanceResolver,
  ProjectAppsResolver,
  resolveEndpoint,
  resolveInstance,
} from './schema/instance-resolver.js';
import { InstanceMutationResolver } from './schema/instance-mutation-resolver.js';
import { WorkerResolver, resolveWorkItem } from './schema/worker-resolver.js';
import type { AppsServices } from './usecases/apps-services.js';
import type { AppsCommands } from './usecases/apps-commands.js';
import { WorkQueue } from './usecases/work-queue.js';

export interface AppsParts {
  readonly kernel: Kernel;
  readonly services: AppsServices;
  readonly commands: AppsCommands;
  readonly registry: Pick<Registry, 'reportHealth'>;
  readonly usageWindowSeconds: number;
}

/** The composition root: schema and services as plain constructors. */
export function createAppsSubgraph(parts: AppsParts): Subgraph {
  const { kernel, services, commands } = parts;
  const queue = new WorkQueue({ kernel, commands, services });
  return {
    name: 'apps',
    resolvers: [
      new AppResolver(commands),
      new AppVersionResolver(commands),
      new ArtifactResolver(commands),
      new EntitlementResolver(commands),
      new InstanceResolver(),
      new InstanceMutationResolver(commands),
      new EndpointResolver(),
      new ProjectAppsResolver(),
      new AllocationAppsResolver(),
      new WorkerResolver({ commands, queue, timings: services.timings }),
      createInstanceEventResolver(services.iam.directory),
    ],
    references: {
      App: resolveApp,
      AppVersion: resolveVersion,
      Artifact: resolveArtifact,
      AppEntitlement: resolveEntitlement,
      AppInstance: resolveInstance,
      AppEndpoint: resolveEndpoint,
      AppWorkItem: resolveWorkItem,
      Project: ({ id }) => ({ id }),
      Allocation: ({ id }) => ({ id }),
    },
    commands: Object.values(commands),
    events: APPS_EVENTS,
    jobs: appsJobs(parts),
    consumers: [allocationConsumer(parts)],
  };
}
