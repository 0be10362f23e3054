import type { z } from 'zod';
import type { skuInput } from '../usecases/create-sku.js';

type SkuSeed = z.input<typeof skuInput>;

const GPU_IMAGES = ['ubuntu-24.04-cuda-12.8', 'ubuntu-22.04-cuda-12.4', 'ubuntu-24.04-rocm-6.4'];
const CPU_IMAGES = ['ubuntu-24.04', 'debian-12'];

const h200 = (name: string, gpuCount: number, vcpus: number, memoryGib: number) => ({
  name,
  gpuCount,
  vcpus,
  memoryGib,
});

function wholeMachine(
  name: string,
  vendor: string,
  displayName: string,
  machine: { gpuModel: string; gpus: number; fabric: string },
): SkuSeed {
  return {
    name,
    vendor,
    displayName,
    resourceClass: 'gpu_baremetal',
    billingUnit: 'gpu_hour',
    allowedGpuCounts: [machine.gpus],
    gpuModel: machine.gpuModel,
    fabric: machine.fabric,
    images: GPU_IMAGES,
  };
}

function virtualMachine(name: string, displayName: string, vcpus: number, memoryGib: number): SkuSeed {
  return {
    name,
    vendor: 'generic',
    displayName,
    resourceClass: 'cpu_vm',
    billingUnit: 'node_hour',
    allowedGpuCounts: [0],
    images: CPU_IMAGES,
    vmProfiles: [{ name: `cpu_${vcpus}c_${memoryGib}g`, gpuCount: 0, vcpus, memoryGib }],
  };
}

/** The reference SKUs (spec section 11). Billing must have a price for each under `sku:<name>`. */
export const REFERENCE_SKUS: readonly SkuSeed[] = [
  {
    name: 'h200-sxm-slice',
    vendor: 'NVIDIA',
    displayName: 'H200 SXM, sliced',
    resourceClass: 'gpu_slice',
    billingUnit: 'gpu_hour',
    allowedGpuCounts: [1, 2, 4, 8],
    gpuModel: 'H200 SXM 141GB',
    fabric: 'infiniband-ndr',
    images: GPU_IMAGES,
    vmProfiles: [
      h200('h200_1g_12c_64g', 1, 12, 64),
      h200('h200_1g_24c_64g', 1, 24, 64),
      h200('h200_2g_48c_128g', 2, 48, 128),
      h200('h200_4g_96c_256g', 4, 96, 256),
      h200('h200_8g_192c_512g', 8, 192, 512),
    ],
    defaultProfiles: ['h200_1g_24c_64g'],
  },
  wholeMachine('h200', 'NVIDIA', 'H200 SXM, 8 GPUs', { gpuModel: 'H200 SXM 141GB', gpus: 8, fabric: 'infiniband-ndr' }),
  wholeMachine('h100', 'NVIDIA', 'H100 SXM, 8 GPUs', { gpuModel: 'H100 SXM 80GB', gpus: 8, fabric: 'infiniband-ndr' }),
  wholeMachine('mi300x', 'AMD', 'MI300X, 8 GPUs', { gpuModel: 'MI300X 192GB', gpus: 8, fabric: 'roce-400' }),
  wholeMachine('mi210x', 'AMD', 'MI210, 4 GPUs', { gpuModel: 'MI210 64GB', gpus: 4, fabric: 'roce-200' }),
  wholeMachine('cs-3', 'Cerebras', 'CS-3', { gpuModel: 'WSE-3', gpus: 1, fabric: 'swarmx' }),
  wholeMachine('cs-4', 'Cerebras', 'CS-4', { gpuModel: 'WSE-4', gpus: 1, fabric: 'swarmx' }),
  virtualMachine('compute-vm-small', 'CPU machine, small', 2, 8),
  virtualMachine('compute-vm-medium', 'CPU machine, medium', 4, 16),
];

export const REFERENCE_REGIONS: readonly { readonly name: string; readonly displayName: string }[] = [
  { name: 'eu-north-1', displayName: 'Europe, north' },
  { name: 'us-west-1', displayName: 'United States, west' },
];

/** A machine of the reference fleet: what is registered, and what simulates it. */
export interface ReferenceNode {
  readonly name: string;
  readonly region: string;
  readonly sku: string;
  readonly gpuCount: number;
  readonly numaNodes: number;
  /** Seats for VMs of machines without a GPU. */
  readonly seats?: number;
}

export const REFERENCE_NODES: readonly ReferenceNode[] = [
  { name: 'h200-a1', region: 'eu-north-1', sku: 'h200-sxm-slice', gpuCount: 8, numaNodes: 2 },
  { name: 'h200-a2', region: 'eu-north-1', sku: 'h200-sxm-slice', gpuCount: 8, numaNodes: 2 },
  { name: 'h200-b1', region: 'us-west-1', sku: 'h200-sxm-slice', gpuCount: 8, numaNodes: 2 },
  { name: 'h100-a1', region: 'eu-north-1', sku: 'h100', gpuCount: 8, numaNodes: 2 },
  { name: 'mi300x-a1', region: 'eu-north-1', sku: 'mi300x', gpuCount: 8, numaNodes: 2 },
  { name: 'cpu-a1', region: 'eu-north-1', sku: 'compute-vm-small', gpuCount: 0, numaNodes: 1, seats: 16 },
];
