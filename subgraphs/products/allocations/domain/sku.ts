export type ResourceClass = 'gpu_baremetal' | 'gpu_slice' | 'cpu_vm';
export type SchedulingUnit = 'node' | 'slice' | 'vm';
export type BillingUnit = 'gpu_hour' | 'node_hour';
export type CapacityShape = 'baremetal' | 'gpu_slice' | 'gpu_partition' | 'gpu_shared' | 'vm';

/** A named size that a VM may have. */
export interface VmProfile {
  readonly name: string;
  readonly gpuCount: number;
  readonly vcpus: number;
  readonly memoryGib: number;
}

export interface ResourceProfile {
  readonly gpuModel: string | null;
  readonly fabric: string | null;
  readonly images: readonly string[];
  readonly vmProfiles: readonly VmProfile[];
  /** Which profile is used for a GPU count when none is named; names of `vmProfiles`. */
  readonly defaultProfiles: readonly string[];
}

export interface SkuTerms {
  readonly name: string;
  readonly resourceClass: ResourceClass;
  readonly schedulingUnit: SchedulingUnit;
  readonly billingUnit: BillingUnit;
  readonly capacityShape: CapacityShape;
  readonly allowedGpuCounts: readonly number[];
  readonly resourceProfile: ResourceProfile;
}

/** Units of capacity a request takes: GPUs of a slice, one seat of a VM, or the whole node (`null`). */
export function unitsOf(sku: Pick<SkuTerms, 'schedulingUnit'>, gpuCount: number): number | null {
  if (sku.schedulingUnit === 'node') return null;
  return sku.schedulingUnit === 'vm' ? 1 : gpuCount;
}

/** Base quantity (GPU-seconds or node-seconds) of a number of whole seconds. */
export function baseQuantity(sku: Pick<SkuTerms, 'billingUnit'>, gpuCount: number, seconds: number): bigint {
  return BigInt(seconds) * (sku.billingUnit === 'gpu_hour' ? BigInt(gpuCount) : 1n);
}

/** The VM size for a GPU count: the default one if there is one, else the first. Null for bare metal. */
export function vmProfileFor(sku: Pick<SkuTerms, 'resourceProfile'>, gpuCount: number): VmProfile | null {
  const sizes = sku.resourceProfile.vmProfiles.filter((profile) => profile.gpuCount === gpuCount);
  return sizes.find((profile) => sku.resourceProfile.defaultProfiles.includes(profile.name)) ?? sizes[0] ?? null;
}
