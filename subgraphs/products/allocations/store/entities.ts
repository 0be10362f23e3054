import { type InferEntity, defineEntity, p } from '@mikro-orm/core';
import type { Connectivity, Health, NodeState, Scheduling } from '../domain/node-lifecycle.js';
import type { BillingUnit, CapacityShape, ResourceClass, ResourceProfile, SchedulingUnit } from '../domain/sku.js';

export const RegionEntity = defineEntity({
  name: 'Region',
  tableName: 'regions',
  schema: 'allocations',
  properties: {
    id: p.text().primary(),
    name: p.text(),
    displayName: p.text(),
    isActive: p.boolean(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const SkuEntity = defineEntity({
  name: 'Sku',
  tableName: 'skus',
  schema: 'allocations',
  properties: {
    id: p.text().primary(),
    name: p.text(),
    vendor: p.text(),
    displayName: p.text(),
    resourceClass: p.text().$type<ResourceClass>(),
    schedulingUnit: p.text().$type<SchedulingUnit>(),
    billingUnit: p.text().$type<BillingUnit>(),
    capacityShape: p.text().$type<CapacityShape>(),
    allowedGpuCounts: p.array(Number).columnType('integer[]'),
    resourceProfile: p.json<ResourceProfile>(),
    isActive: p.boolean(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const ComputeNodeEntity = defineEntity({
  name: 'ComputeNode',
  tableName: 'nodes',
  schema: 'allocations',
  properties: {
    id: p.text().primary(),
    name: p.text(),
    regionId: p.text(),
    skuId: p.text(),
    state: p.text().$type<NodeState>(),
    stateReason: p.text().nullable(),
    stateChangedAt: p.datetime(),
    stateDeadlineAt: p.datetime().nullable(),
    scheduling: p.text().$type<Scheduling>(),
    health: p.text().$type<Health>(),
    healthDetail: p.text().nullable(),
    connectivity: p.text().$type<Connectivity>(),
    connectivityChangedAt: p.datetime(),
    gpuCount: p.integer(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

export type ComputeNodeRow = InferEntity<typeof ComputeNodeEntity>;
