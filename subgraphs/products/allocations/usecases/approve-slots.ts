import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { slotChanged } from '../domain/node-events.js';
import { lockNode } from '../store/node-transitions.js';

const slotIds = z.array(z.string()).min(1, 'must name at least one slot').max(256, 'must name at most 256 slots');

interface SlotRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly status: string;
  readonly gpu_pci_address: string | null;
  readonly fabric_claim_mode: string | null;
  readonly fabric_vf_pci_address: string | null;
}

/** Schedulable only with a fabric function of its own (spec section 11); seats without a GPU need none. */
export function isFabricReady(slot: Omit<SlotRow, 'id' | 'status'>): boolean {
  if (slot.gpu_pci_address === null) return true;
  return slot.fabric_claim_mode === 'per_slot_vf' && slot.fabric_vf_pci_address !== null;
}

/** An operator approves slots of one node: from now on they are capacity. All of them or none. */
export const approveSlots = defineCommand({
  action: 'allocations.slot.approve',
  input: z.object({ nodeId: z.string(), slotIds, idempotencyKey }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const node = await lockNode(context, input.nodeId);
    if (node === null) return refuse('NOT_FOUND', `There is no node ${input.nodeId}.`, { field: ['input', 'nodeId'] });
    const field = ['input', 'slotIds'];
    const slots = await context.tx.rows<SlotRow>(
      `select id, status, gpu_pci_address, fabric_claim_mode, fabric_vf_pci_address from allocations.slots
       where node_id = $1 and id = any ($2) order by id for no key update`,
      [node.id, input.slotIds],
    );
    if (slots.length !== new Set(input.slotIds).size)
      return refuse('NOT_FOUND', 'The node has no such slot.', { field });
    const settled = slots.filter((slot) => slot.status !== 'candidate' && slot.status !== 'disabled');
    if (settled.length > 0) {
      return refuse('INVALID_STATE', 'Slots are approved already.', {
        field,
        details: { slotIds: settled.map((slot) => slot.id) },
      });
    }
    const unready = slots.filter((slot) => !isFabricReady(slot));
    if (unready.length > 0) {
      return refuse(
        'INVALID_STATE',
        'Slots have no fabric function of their own (fabric_claim_mode per_slot_vf and its address).',
        {
          field,
          details: { slotIds: unready.map((slot) => slot.id) },
        },
      );
    }
    await context.tx.execute(
      `update allocations.slots set status = 'available', status_reason = null, status_changed_at = $2, approved_at = $2, approved_by = $3
       where id = any ($1)`,
      [input.slotIds, context.now, context.actor.id],
    );
    await context.tx.execute(
      'update allocations.nodes set total_units = total_units + $2, free_units = free_units + $2 where id = $1',
      [node.id, slots.length],
    );
    context.describe({ type: 'ComputeNode', id: node.id }, { slots: slots.length });
    const data = { slotIds: input.slotIds, status: 'available', reason: 'approved' };
    context.emit(slotChanged, { subjectId: node.id, scope: PLATFORM_SCOPE, data });
    return accept({ nodeId: node.id });
  },
});

/** Takes free slots of one node out of the pool. One that is in use, or waits for cleanup, is refused with IN_USE. */
export const disableSlots = defineCommand({
  action: 'allocations.slot.disable',
  input: z.object({ nodeId: z.string(), slotIds, reason: z.string().trim().min(3).max(500), idempotencyKey }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const node = await lockNode(context, input.nodeId);
    if (node === null) return refuse('NOT_FOUND', `There is no node ${input.nodeId}.`, { field: ['input', 'nodeId'] });
    const disabled = await context.tx.rows<{ was: string }>(
      `with before as (select id, status from allocations.slots where node_id = $1 and id = any ($2) order by id for no key update)
       update allocations.slots s set status = 'disabled', status_reason = $3, status_changed_at = $4
       from before where s.id = before.id and before.status in ('available', 'candidate') returning before.status as was`,
      [node.id, input.slotIds, input.reason, context.now],
    );
    if (disabled.length !== new Set(input.slotIds).size) {
      return refuse('IN_USE', 'A slot is not free: only available ones and candidates can be disabled.', {
        field: ['input', 'slotIds'],
      });
    }
    const units = disabled.filter((slot) => slot.was === 'available').length;
    await context.tx.execute(
      'update allocations.nodes set total_units = total_units - $2, free_units = free_units - $2 where id = $1',
      [node.id, units],
    );
    context.describe({ type: 'ComputeNode', id: node.id }, { slots: disabled.length, reason: input.reason });
    const data = { slotIds: input.slotIds, status: 'disabled', reason: input.reason };
    context.emit(slotChanged, { subjectId: node.id, scope: PLATFORM_SCOPE, data });
    return accept({ nodeId: node.id });
  },
});
