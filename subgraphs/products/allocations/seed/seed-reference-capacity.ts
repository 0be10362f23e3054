import type { z } from 'zod';
import { systemActor } from '../../../../kernel/access/actor.js';
import type { Command, Json } from '../../../../kernel/commands/command.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { SimulatedMachine } from '../../../../agent/runtime/simulated-runtime.js';
import { SimulatedRuntime } from '../../../../agent/runtime/simulated-runtime.js';
import type { AllocationServices } from '../services.js';
import { upsertCandidates } from '../store/slot-store.js';
import { approveSlots } from '../usecases/approve-slots.js';
import { createCreateNode } from '../usecases/create-node.js';
import { createIssueBootstrap } from '../usecases/issue-bootstrap.js';
import { createRegion } from '../usecases/create-region.js';
import { createSku } from '../usecases/create-sku.js';
import { REFERENCE_NODES, REFERENCE_REGIONS, REFERENCE_SKUS, type ReferenceNode } from './reference-catalogue.js';

export interface SeededCapacity {
  readonly machines: readonly SimulatedMachine[];
  /** By node name; only for nodes that were not enrolled before. */
  readonly bootstrapTokens: Readonly<Record<string, string>>;
}

/**
 * Regions, SKUs and machines of the reference fleet, with approved slots. May run at every start: what is there stays,
 * and a machine that never enrolled gets a new bootstrap token.
 */
export async function seedReferenceCapacity(
  services: AllocationServices,
  nodes: readonly ReferenceNode[] = REFERENCE_NODES,
): Promise<SeededCapacity> {
  for (const region of REFERENCE_REGIONS) await seed(services, createRegion, region);
  for (const sku of REFERENCE_SKUS) await seed(services, createSku, sku);
  const machines = nodes.map(({ name, gpuCount, numaNodes, seats }) => ({
    name,
    gpuCount,
    numaNodes,
    ...(seats === undefined ? {} : { seats }),
  }));
  const bootstrapTokens: Record<string, string> = {};
  for (const [index, node] of nodes.entries()) {
    const machine = machines[index];
    const token = machine === undefined ? null : await seedNode(services, node, machine);
    if (token !== null) bootstrapTokens[node.name] = token;
  }
  return { machines, bootstrapTokens };
}

/** A bootstrap token for a machine that waits for one; null for one that is enrolled. */
async function seedNode(
  services: AllocationServices,
  node: ReferenceNode,
  machine: SimulatedMachine,
): Promise<string | null> {
  const known = await services.database.read('system', (tx) =>
    tx.row<{ id: string; state: string }>('select id, state from allocations.nodes where name = $1', [node.name]),
  );
  if (known !== null && known.state !== 'bootstrap_issued') return null;
  if (known !== null) return (await seed(services, createIssueBootstrap(services), { id: known.id })).reveal;
  const { name, region, sku, gpuCount } = node;
  const created = await seed(services, createCreateNode(services), { name, region, sku, gpuCount });
  const nodeId = created.value?.id ?? '';
  if (!REFERENCE_SKUS.some((candidate) => candidate.name === sku && candidate.resourceClass === 'gpu_baremetal')) {
    await approveAll(services, nodeId, machine);
  }
  return created.reveal;
}

/** Slots as the machine will report them, approved in an operator's stead. */
async function approveAll(services: AllocationServices, nodeId: string, machine: SimulatedMachine): Promise<void> {
  const topology = await new SimulatedRuntime(machine).topology();
  const slotIds = await services.database.transaction('system', async (tx) => {
    await upsertCandidates({ tx, now: new Date() }, nodeId, topology);
    return tx.rows<{ id: string }>(`select id from allocations.slots where node_id = $1 and status = 'candidate'`, [
      nodeId,
    ]);
  });
  await seed(services, approveSlots, { nodeId, slotIds: slotIds.map((slot) => slot.id) });
}

/** Runs a command as the platform; what exists already is fine, any other refusal is a bug. */
async function seed<Input extends z.ZodType, Result extends Json>(
  services: AllocationServices,
  command: Command<Input, Result>,
  input: z.input<Input>,
): Promise<{ value: Result | null; reveal: string | null }> {
  const actor = systemActor('allocations.seed');
  const result = await services.pipeline.execute(command, input, { actor, correlationId: newId('cor') });
  if (result.ok) return { value: result.value, reveal: result.reveal ?? null };
  const [refusal] = result.refusals;
  if (refusal?.code === 'ALREADY_EXISTS') return { value: null, reveal: null };
  throw new Error(`${command.action}: ${refusal?.code ?? ''} ${refusal?.message ?? ''}`);
}
