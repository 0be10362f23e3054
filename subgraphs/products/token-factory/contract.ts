import type { Kernel } from '../../../kernel/kernel.js';
import type { Configuration } from '../../../kernel/configuration/configuration.js';
import type { Subgraph } from '../../../kernel/subgraph.js';
import type { Billing } from '../../platform/billing/index.js';
import type { Iam } from '../../platform/iam/index.js';
import type { Registry } from '../../platform/registry/index.js';
import type { Apps } from '../apps/index.js';

/** What Token Factory is built on: the platform's contracts, and the apps product read-only. */
export interface TokenFactoryDependencies {
  readonly kernel: Kernel;
  readonly iam: Pick<Iam, 'authority' | 'directory' | 'quotas' | 'policies' | 'secrets' | 'credentials'>;
  readonly billing: Pick<Billing, 'prices' | 'holds' | 'usage' | 'balance'>;
  readonly registry: Pick<Registry, 'reportHealth'>;
  readonly apps: Pick<Apps, 'endpointsOf'>;
  readonly configuration: Pick<Configuration, 'environment' | 'allowsPrivateUpstreams'>;
}

/** Token Factory has nothing that another product calls: models are reached over HTTP, facts over the graph. */
export interface TokenFactory {
  readonly subgraph: Subgraph;
}
