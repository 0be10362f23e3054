import type { Configuration } from '../../../kernel/configuration/configuration.js';
import { type Kernel, migrationsOf } from '../../../kernel/kernel.js';
import type { DomainDefinition } from '../../../kernel/subgraph.js';
import type { Billing } from '../../platform/billing/index.js';
import type { Iam } from '../../platform/iam/index.js';
import type { Registry } from '../../platform/registry/index.js';
import type { Allocations } from '../allocations/index.js';
import type { Apps } from './contract.js';
import { type AppsTimings, DEFAULT_TIMINGS } from './domain/timings.js';
import { APPS_ENTITIES } from './store/entities.js';
import { endpointViews } from './store/endpoint-views.js';
import { createAppsSubgraph } from './subgraph.js';
import { createAppsCommands } from './usecases/apps-commands.js';
import { seedCatalogue } from './usecases/seed-catalogue.js';

export const appsDefinition: DomainDefinition = {
  name: 'apps',
  migrations: migrationsOf('apps', 'subgraphs', 'products', 'apps'),
  entities: APPS_ENTITIES,
};

export interface AppsDependencies {
  readonly kernel: Kernel;
  readonly iam: Pick<Iam, 'directory' | 'quotas' | 'policies'>;
  readonly billing: Pick<Billing, 'prices' | 'usage'>;
  readonly registry: Pick<Registry, 'reportHealth'>;
  readonly allocations: Pick<Allocations, 'find'>;
  readonly configuration: Pick<Configuration, 'usageWindowSeconds'>;
  /** Tests shorten them. */
  readonly timings?: Partial<AppsTimings>;
}

export function createApps(dependencies: AppsDependencies): Apps {
  const { kernel, iam, billing, allocations, registry } = dependencies;
  const services = { iam, billing, allocations, timings: { ...DEFAULT_TIMINGS, ...dependencies.timings } };
  const commands = createAppsCommands(services);
  const { usageWindowSeconds } = dependencies.configuration;
  return {
    subgraph: createAppsSubgraph({ kernel, services, commands, registry, usageWindowSeconds }),
    endpointsOf: endpointViews,
    seedCatalogue: () => seedCatalogue(kernel, commands),
  };
}

export type { AppEndpointView, Apps } from './contract.js';
