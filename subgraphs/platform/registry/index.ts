import { migrationsOf } from '../../../kernel/kernel.js';
import type { DomainDefinition } from '../../../kernel/subgraph.js';
import { IncidentEntity } from './store/incident-entity.js';
import { ProductEntity } from './store/product-entity.js';

export const registryDefinition: DomainDefinition = {
  name: 'registry',
  migrations: migrationsOf('registry', 'subgraphs', 'platform', 'registry'),
  entities: [IncidentEntity, ProductEntity],
};

export { createRegistry } from './registry.js';
export { onboardingPacket } from './packet/onboarding-packet.js';
export type {
  OnboardingPacket,
  PolicyDefinition,
  QuotaDimension,
  RegisteredPermission,
  Registry,
  UsageUnit,
} from './contract.js';
