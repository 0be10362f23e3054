import { type FederatedSchema, buildFederatedSchema } from '../kernel/federation/federated-schema.js';
import type { Kernel } from '../kernel/kernel.js';
import type { DomainDefinition, Subgraph } from '../kernel/subgraph.js';
import { type Billing, billingDefinition, createBilling } from './platform/billing/index.js';
import { type Evidence, createEvidence, evidenceDefinition } from './platform/evidence/index.js';
import { type Iam, createIam, iamDefinition } from './platform/iam/index.js';
import { type Registry, createRegistry, registryDefinition } from './platform/registry/index.js';
import { type AllocationsDomain, allocationsDefinition, createAllocations } from './products/allocations/index.js';
import { type Apps, appsDefinition, createApps } from './products/apps/index.js';
import { type TokenFactory, createTokenFactory, tokenFactoryDefinition } from './products/token-factory/index.js';

/** Every domain, in the order in which their tables are made. */
export const DOMAINS: readonly DomainDefinition[] = [
  registryDefinition,
  iamDefinition,
  evidenceDefinition,
  billingDefinition,
  allocationsDefinition,
  appsDefinition,
  tokenFactoryDefinition,
];

export interface Domains {
  readonly registry: Registry;
  readonly evidence: Evidence;
  readonly iam: Iam;
  readonly billing: Billing;
  readonly allocations: AllocationsDomain;
  readonly apps: Apps;
  readonly tokenFactory: TokenFactory;
  /** All seven, by name. */
  readonly subgraphs: ReadonlyMap<string, Subgraph>;
}

/** Wires the domains over one kernel: platform authority first, then the products that use it. Starts nothing. */
export function composeDomains(kernel: Kernel): Domains {
  const { configuration } = kernel;
  const registry = createRegistry({ kernel });
  const evidence = createEvidence({ kernel, status: registry });
  const iam = createIam({ kernel, registry, evidence, configuration });
  kernel.pipeline.useAuthority(iam.authority);
  const billing = createBilling({ kernel, iam, registry, configuration });
  const allocations = createAllocations({ kernel, iam, billing, registry, configuration });
  const apps = createApps({ kernel, iam, billing, registry, allocations, configuration });
  const tokenFactory = createTokenFactory({ kernel, iam, billing, registry, apps, configuration });
  const all = [registry, iam, evidence, billing, allocations, apps, tokenFactory].map((domain) => domain.subgraph);
  const subgraphs = new Map(all.map((subgraph) => [subgraph.name, subgraph]));
  return { registry, evidence, iam, billing, allocations, apps, tokenFactory, subgraphs };
}

/** The federated schema of each domain. */
export function buildSchemas(domains: Domains): Map<string, FederatedSchema> {
  return new Map([...domains.subgraphs].map(([name, subgraph]) => [name, buildFederatedSchema(subgraph)]));
}
