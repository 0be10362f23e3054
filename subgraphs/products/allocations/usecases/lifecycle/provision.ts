import type { TaskType } from '../../../../../agent/protocol/task-types.js';
import { type SkuTerms, vmProfileFor } from '../../domain/sku.js';
import type { AllocationServices } from '../../services.js';
import type { Reservation } from '../../store/placement-store.js';
import { type TaskDraft, signedTask } from '../../store/task-store.js';
import { RUNTIME_USER } from './cleanup.js';

/** What a runtime is made from. */
export interface RuntimeOrder {
  readonly id: string;
  readonly sku: SkuTerms;
  readonly gpuCount: number;
  readonly image: string;
  readonly sshPublicKeys: readonly string[];
  readonly organizationId: string;
}

/** A provision task, signed, together with what its row needs. */
export interface ProvisionTask {
  readonly id: string;
  readonly signed: string;
  readonly type: TaskType;
  readonly fence: bigint;
}

/** Signs the order for a reserved node; the caller stores it with the allocation. */
export async function provisionTask(
  services: AllocationServices,
  order: Omit<RuntimeOrder, 'organizationId'> & { project: { organizationId: string } },
  reservation: Reservation,
  task: { deadlineAt: Date; now: Date; fence: bigint },
): Promise<ProvisionTask> {
  const draft: TaskDraft = {
    ...provisionWork(order, reservation),
    nodeId: reservation.nodeId,
    epoch: reservation.epoch,
    fence: task.fence,
    expiresAt: task.deadlineAt,
    owner: { allocationId: order.id, organizationId: order.project.organizationId },
  };
  const signed = await signedTask(services.signer, draft, task.now);
  return { ...signed, type: draft.type, fence: task.fence };
}

function provisionWork(
  order: Pick<RuntimeOrder, 'id' | 'sku' | 'gpuCount' | 'image' | 'sshPublicKeys'>,
  reservation: Reservation,
): Pick<TaskDraft, 'type' | 'params'> {
  const { id: allocationId, image } = order;
  const sshPublicKeys = [...order.sshPublicKeys];
  if (order.sku.schedulingUnit === 'node') {
    return { type: 'allocation.provision_user', params: { allocationId, image, user: RUNTIME_USER, sshPublicKeys } };
  }
  const profile = vmProfileFor(order.sku, order.gpuCount);
  if (profile === null) throw new Error(`SKU ${order.sku.name} has no VM profile for ${order.gpuCount} GPUs`);
  const slots = reservation.slots.map(({ id: _id, ...slot }) => slot);
  const { vcpus, memoryGib } = profile;
  const params = {
    allocationId,
    image,
    vcpus,
    memoryGib,
    gpuCount: order.gpuCount,
    slots,
    user: RUNTIME_USER,
    sshPublicKeys,
  };
  return { type: 'slice.vm_provision', params };
}
