import type { CommandContext } from '../../../../kernel/commands/command.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { Topology } from '../../../../agent/protocol/task-types.js';

/**
 * Discovery is advisory: it adds candidates and corrects those that nobody approved yet. An approved slot changes only
 * by an operator's hand.
 */
export async function upsertCandidates(
  context: Pick<CommandContext, 'tx' | 'now'>,
  nodeId: string,
  topology: Topology,
): Promise<void> {
  const slots = topology.slots.map((slot) => ({ id: newId('slt'), ...slot }));
  await context.tx.execute(
    `insert into allocations.slots as s (id, node_id, slot_index, gpu_pci_address, nvme_device, mac_address, numa_node,
       fabric_claim_mode, fabric_vf_pci_address, status, status_changed_at, created_at)
     select id, $1, "slotIndex", "gpuPciAddress", "nvmeDevice", "macAddress", "numaNode", "fabricClaimMode",
       "fabricVfPciAddress", 'candidate', $3, $3
     from jsonb_to_recordset($2::jsonb) as found (id text, "slotIndex" integer, "gpuPciAddress" text, "nvmeDevice" text,
       "macAddress" text, "numaNode" integer, "fabricClaimMode" text, "fabricVfPciAddress" text)
     on conflict (node_id, slot_index) do update set gpu_pci_address = excluded.gpu_pci_address,
       nvme_device = excluded.nvme_device, mac_address = excluded.mac_address, numa_node = excluded.numa_node,
       fabric_claim_mode = excluded.fabric_claim_mode, fabric_vf_pci_address = excluded.fabric_vf_pci_address
     where s.status = 'candidate'`,
    [nodeId, JSON.stringify(slots), context.now],
  );
  const { slots: _slots, ...facts } = topology;
  await context.tx.execute('update allocations.nodes set topology = $2 where id = $1', [nodeId, JSON.stringify(facts)]);
}
