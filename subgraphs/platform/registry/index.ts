import { type Kernel, migrationsOf } from '../../../kernel/kernel.js';
import type { DomainDefinition, Subgraph } from '../../../kernel/subgraph.js';
import { IncidentEntity } from './store/incident-entity.js';
import { createRegistrySubgraph } from './subgraph.js';

export const registryDefinition: DomainDefinition = {
  name: 'registry',
  migrations: migrationsOf('registry', 'subgraphs', 'platform', 'registry'),
  entities: [IncidentEntity],
};

export interface Registry {
  readonly subgraph: Subgraph;
}

export function createRegistry(options: { kernel: Kernel }): Registry {
  return { subgraph: createRegistrySubgraph(options) };
}
