import { z } from 'zod';

/**
 * The closed list of what a control plane may ask of a node, with the schema of the parameters and of the result. There
 * is no task that runs a command: an agent is no remote shell.
 */
const id = z.string().min(1).max(64);
const sshPublicKeys = z.array(z.string().min(1).max(16_384)).max(50);
const user = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/);

export const slotShape = z.strictObject({
  slotIndex: z.int().min(0),
  gpuPciAddress: z.string().nullable(),
  fabricVfPciAddress: z.string().nullable(),
  numaNode: z.int().min(0),
});

/** Where a user reaches what was provisioned, by SSH. */
export const connection = z.strictObject({
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535),
  user,
});

/** Proof of cleanup: the runtime is gone, its storage wiped, and a digest of what the node saw of that. */
export const cleanupProof = z.strictObject({
  runtimeAbsent: z.literal(true),
  isWiped: z.literal(true),
  evidenceDigest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
});

export const health = z.strictObject({
  isHealthy: z.boolean(),
  detail: z.string().max(500).nullable(),
});

export const discoveredSlot = z.strictObject({
  ...slotShape.shape,
  nvmeDevice: z.string().nullable(),
  macAddress: z.string().nullable(),
  fabricClaimMode: z.enum(['per_slot_vf', 'shared', 'none']).nullable(),
});

export const topology = z.strictObject({
  kvmAvailable: z.boolean(),
  iommuGroupCount: z.int().min(0),
  iommuKernelArgs: z.string().max(500),
  slots: z.array(discoveredSlot).max(256),
});

export const TASK_TYPES = {
  'slice.vm_provision': {
    params: z.strictObject({
      allocationId: id,
      image: z.string().min(1),
      vcpus: z.int().min(1),
      memoryGib: z.int().min(1),
      gpuCount: z.int().min(0),
      slots: z.array(slotShape).min(1).max(64),
      user,
      sshPublicKeys,
    }),
    result: connection,
  },
  'slice.vm_release': {
    params: z.strictObject({ allocationId: id, slots: z.array(slotShape).max(64) }),
    result: cleanupProof,
  },
  'allocation.provision_user': {
    params: z.strictObject({ allocationId: id, image: z.string().min(1), user, sshPublicKeys }),
    result: connection,
  },
  'allocation.deprovision_user': {
    params: z.strictObject({ allocationId: id, user }),
    result: cleanupProof,
  },
  'diag.health_probe': { params: z.strictObject({}), result: health },
  'slice.topology_discover': { params: z.strictObject({}), result: topology },
} as const;

export type TaskType = keyof typeof TASK_TYPES;
export type TaskParams<Type extends TaskType> = z.output<(typeof TASK_TYPES)[Type]['params']>;
export type TaskResult<Type extends TaskType> = z.output<(typeof TASK_TYPES)[Type]['result']>;
export type Connection = z.output<typeof connection>;
export type CleanupProof = z.output<typeof cleanupProof>;
export type Topology = z.output<typeof topology>;

export function isTaskType(text: string): text is TaskType {
  return Object.hasOwn(TASK_TYPES, text);
}
