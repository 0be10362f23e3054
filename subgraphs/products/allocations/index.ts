import { migrationsOf } from '../../../kernel/kernel.js';
import type { DomainDefinition } from '../../../kernel/subgraph.js';
import type { AllocationView, Allocations } from './contract.js';
import { ComputeNodeEntity, RegionEntity, SkuEntity } from './store/entities.js';
import { type SeededCapacity, seedReferenceCapacity } from './seed/seed-reference-capacity.js';
import type { ReferenceNode } from './seed/reference-catalogue.js';
import { type AllocationsOptions, createAllocationsSubgraph } from './subgraph.js';

export type { AllocationView, Allocations } from './contract.js';
export type { AllocationsOptions } from './subgraph.js';
export type { ReferenceNode } from './seed/reference-catalogue.js';
export type { SeededCapacity } from './seed/seed-reference-capacity.js';

export const allocationsDefinition: DomainDefinition = {
  name: 'allocations',
  migrations: migrationsOf('allocations', 'subgraphs', 'products', 'allocations'),
  entities: [RegionEntity, SkuEntity, ComputeNodeEntity],
};

type ViewRow = AllocationView & { readonly [column: string]: unknown };

/** The contract, and what the composition root and demonstrations need beside it. */
export interface AllocationsDomain extends Allocations {
  /** Regions, SKUs, machines and approved slots; answers what starts the simulated fleet. Call it after `start`. */
  seedReferenceCapacity(nodes?: readonly ReferenceNode[]): Promise<SeededCapacity>;
}

export function createAllocations(options: AllocationsOptions): AllocationsDomain {
  const { subgraph, services } = createAllocationsSubgraph(options);
  return {
    subgraph,
    seedReferenceCapacity: (nodes) => seedReferenceCapacity(services, nodes),
    find: (tx, allocationId) =>
      tx.row<ViewRow>(
        `select id, organization_id as "organizationId", department_id as "departmentId", project_id as "projectId", state,
           sku_name as "skuName", capacity_shape as "capacityShape", gpu_count as "gpuCount",
           case when state = 'active' then connection_host end as host
         from allocations.allocations where id = $1`,
        [allocationId],
      ),
  };
}
