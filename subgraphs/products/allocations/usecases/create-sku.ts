import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { SkuEntity } from '../store/entities.js';

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{1,40}$/, 'must be 2 to 41 lower-case letters, digits and hyphens');

const vmProfile = z.strictObject({
  name: z.string().min(1).max(60),
  gpuCount: z.int().min(0),
  vcpus: z.int().min(1),
  memoryGib: z.int().min(1),
});

export const skuInput = z.object({
  name,
  vendor: z.string().trim().min(1).max(60),
  displayName: z.string().trim().min(1).max(100),
  resourceClass: z.enum(['gpu_baremetal', 'gpu_slice', 'cpu_vm']),
  billingUnit: z.enum(['gpu_hour', 'node_hour']),
  allowedGpuCounts: z.array(z.int().min(0).max(1024)).min(1).max(32),
  gpuModel: z.string().max(60).nullable().default(null),
  fabric: z.string().max(60).nullable().default(null),
  images: z.array(z.string().min(1).max(128)).min(1, 'must offer at least one image').max(50),
  vmProfiles: z.array(vmProfile).max(50).default([]),
  defaultProfiles: z.array(z.string()).max(50).default([]),
  idempotencyKey,
});

/** How a class of resources is scheduled and shaped; never chosen apart from it. */
const SHAPES = {
  gpu_baremetal: { schedulingUnit: 'node', capacityShape: 'baremetal' },
  gpu_slice: { schedulingUnit: 'slice', capacityShape: 'gpu_slice' },
  cpu_vm: { schedulingUnit: 'vm', capacityShape: 'vm' },
} as const;

/** Adds a SKU to the catalogue. It can be had once billing has a price under `sku:<name>` and nodes offer it. */
export const createSku = defineCommand({
  action: 'allocations.sku.create',
  input: skuInput,
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    if ((await context.tx.em.findOne(SkuEntity, { name: input.name })) !== null) {
      return refuse('ALREADY_EXISTS', `There is a SKU ${input.name} already.`, { field: ['input', 'name'] });
    }
    if (input.resourceClass !== 'gpu_baremetal') {
      const sizes = new Set(input.vmProfiles.map((profile) => profile.gpuCount));
      const missing = input.allowedGpuCounts.filter((count) => !sizes.has(count));
      if (missing.length > 0) {
        return refuse('INVALID_INPUT', `There is no VM profile for ${missing.join(', ')} GPUs.`, {
          field: ['input', 'vmProfiles'],
        });
      }
    }
    const id = newId('sku');
    const { gpuModel, fabric, images, vmProfiles, defaultProfiles } = input;
    context.tx.em.create(SkuEntity, {
      id,
      name: input.name,
      vendor: input.vendor,
      displayName: input.displayName,
      resourceClass: input.resourceClass,
      billingUnit: input.billingUnit,
      ...SHAPES[input.resourceClass],
      allowedGpuCounts: input.allowedGpuCounts,
      resourceProfile: { gpuModel, fabric, images, vmProfiles, defaultProfiles },
      isActive: true,
      createdAt: context.now,
    });
    context.describe({ type: 'Sku', id }, { name: input.name });
    return accept({ id });
  },
});
