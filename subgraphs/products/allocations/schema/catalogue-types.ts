import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Key, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { Node } from '../../../../kernel/graphql/shared-types.js';
import type { RegionRecord, SkuRecord } from '../store/catalogue-queries.js';

export enum ResourceClassEnum {
  GPU_BAREMETAL = 'gpu_baremetal',
  GPU_SLICE = 'gpu_slice',
  CPU_VM = 'cpu_vm',
}
registerEnumType(ResourceClassEnum, {
  name: 'ResourceClass',
  description: 'What kind of resource a SKU is.',
  valuesConfig: {
    GPU_BAREMETAL: { description: 'A whole machine with its GPUs.' },
    GPU_SLICE: { description: 'Some GPUs of one machine, in a virtual machine with a fabric function for each.' },
    CPU_VM: { description: 'A virtual machine without a GPU.' },
  },
});

@ObjectType({ description: 'A size that a virtual machine of a SKU may have.' })
@Tag('public')
export class VmProfile {
  @Field(() => String, { description: 'Name, such as `h200_1g_24c_64g`.' })
  name!: string;
  @Field(() => Int, { description: 'GPUs of the machine.' })
  gpuCount!: number;
  @Field(() => Int, { description: 'Virtual CPUs.' })
  vcpus!: number;
  @Field(() => Int, { description: 'Memory in GiB.' })
  memoryGib!: number;
}

@ObjectType({
  implements: Node,
  description: "A kind of capacity that can be allocated. Its price is billing's, under `sku:<name>`.",
})
@Key()
@Tag('public')
export class Sku extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `sku`.' })
  override id!: string;
  @Field(() => String, { description: 'Unique name, such as `h200-sxm-slice`; what `allocationCreate` takes.' })
  name!: string;
  @Field(() => String, { description: 'Who makes the hardware.' })
  vendor!: string;
  @Field(() => String, { description: 'Name for people.' })
  displayName!: string;
  @Field(() => ResourceClassEnum, { description: 'What kind of resource it is.' })
  resourceClass!: string;
  @Field(() => String, { description: 'What is scheduled: `node`, `slice` or `vm`.' })
  schedulingUnit!: string;
  @Field(() => String, { description: 'What is charged: `gpu_hour` or `node_hour`.' })
  billingUnit!: string;
  @Field(() => String, { description: 'Shape of the capacity: `baremetal`, `gpu_slice` or `vm`.' })
  capacityShape!: string;
  @Field(() => [Int], { description: 'How many GPUs an allocation of it may have.' })
  allowedGpuCounts!: readonly number[];
  @Field(() => String, { nullable: true, description: 'Model of the GPU; null without one.' })
  gpuModel!: string | null;
  @Field(() => String, { nullable: true, description: 'The fabric between its GPUs and nodes.' })
  fabric!: string | null;
  @Field(() => [String], { description: 'Images it may be launched with; the first is the default.' })
  images!: readonly string[];
  @Field(() => [VmProfile], { description: 'Sizes of its virtual machines; empty for whole machines.' })
  @ListSize({ assumedSize: 5 })
  vmProfiles!: readonly VmProfile[];
  @Field(() => Boolean, { description: 'Whether new allocations of it are accepted.' })
  isActive!: boolean;
}

export const SkuConnection = connectionType('Sku', () => Sku);

export function toSku(row: SkuRecord): Sku {
  const { gpuModel, fabric, images, vmProfiles } = row.resourceProfile;
  return { ...row, gpuModel, fabric, images, vmProfiles };
}

@ObjectType({ implements: Node, description: 'A place where capacity is.' })
@Key()
@Tag('public')
export class Region extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `rgn`.' })
  override id!: string;
  @Field(() => String, { description: 'Unique name, such as `eu-north-1`; what `allocationCreate` takes.' })
  name!: string;
  @Field(() => String, { description: 'Name for people.' })
  displayName!: string;
  @Field(() => Boolean, { description: 'Whether new allocations are accepted there.' })
  isActive!: boolean;
}

export const RegionConnection = connectionType('Region', () => Region);

export function toRegion(row: RegionRecord): Region {
  return { ...row };
}
