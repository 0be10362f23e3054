import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { type RequestContext, defineLoader } from '../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../kernel/paging/keyset.js';
import type { Connectivity, Health, NodeState, Scheduling } from '../domain/node-lifecycle.js';

export const NODE_READ = 'allocations.node.read';

export interface NodeRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly name: string;
  readonly regionId: string;
  readonly skuId: string;
  readonly state: NodeState;
  readonly stateReason: string | null;
  readonly stateChangedAt: Date;
  readonly stateDeadlineAt: Date | null;
  readonly scheduling: Scheduling;
  readonly health: Health;
  readonly healthDetail: string | null;
  readonly connectivity: Connectivity;
  readonly connectivityChangedAt: Date;
  readonly providerState: string | null;
  readonly epoch: bigint;
  readonly agentVersion: string | null;
  readonly gpuCount: number;
  readonly totalUnits: number;
  readonly freeUnits: number;
  readonly images: string[];
  readonly createdAt: Date;
}

const NODE_COLUMNS = `id, name, region_id as "regionId", sku_id as "skuId", state, state_reason as "stateReason",
  state_changed_at as "stateChangedAt", state_deadline_at as "stateDeadlineAt", scheduling, health,
  health_detail as "healthDetail", connectivity, connectivity_changed_at as "connectivityChangedAt",
  provider_state as "providerState", epoch, agent_version as "agentVersion", gpu_count as "gpuCount",
  total_units as "totalUnits", free_units as "freeUnits", images, created_at as "createdAt"`;

/** Nodes are the operator's: anyone else is answered as if there were none. */
export const nodeLoader = defineLoader<string, NodeRecord>('allocations.node', async (context, ids) => {
  if (!(await context.can(NODE_READ, PLATFORM_SCOPE))) return ids.map(() => null);
  const rows = await context.read((tx) =>
    tx.rows<NodeRecord>(`select ${NODE_COLUMNS} from allocations.nodes where id = any ($1)`, [ids]),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

export async function listNodes(
  context: RequestContext,
  page: PageArguments & { regionId?: string | undefined; skuId?: string | undefined; state?: NodeState | undefined },
): Promise<Page<NodeRecord>> {
  await context.require(NODE_READ, PLATFORM_SCOPE);
  const request = pageRequest(page);
  const keyset = keysetSql('id', request, { firstParameter: 4, isAscending: true });
  const rows = await context.read((tx) =>
    tx.rows<NodeRecord>(
      `select ${NODE_COLUMNS} from allocations.nodes where ($1::text is null or region_id = $1)
         and ($2::text is null or sku_id = $2) and ($3::text is null or state = $3) and ${keyset.condition} ${keyset.tail}`,
      [page.regionId ?? null, page.skuId ?? null, page.state ?? null, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}

export interface SlotRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly nodeId: string;
  readonly slotIndex: number;
  readonly gpuPciAddress: string | null;
  readonly numaNode: number;
  readonly fabricClaimMode: string | null;
  readonly fabricVfPciAddress: string | null;
  readonly status: string;
  readonly statusReason: string | null;
  readonly statusChangedAt: Date;
  readonly approvedAt: Date | null;
}

/** The slots of nodes, by index. A node has at most 256. */
export const slotsOfNodeLoader = defineLoader<string, readonly SlotRecord[]>(
  'allocations.slots_of_node',
  async (context, nodeIds) => {
    const rows = await context.read((tx) =>
      tx.rows<SlotRecord>(
        `select id, node_id as "nodeId", slot_index as "slotIndex", gpu_pci_address as "gpuPciAddress", numa_node as "numaNode",
         fabric_claim_mode as "fabricClaimMode", fabric_vf_pci_address as "fabricVfPciAddress", status,
         status_reason as "statusReason", status_changed_at as "statusChangedAt", approved_at as "approvedAt"
       from allocations.slots where node_id = any ($1) order by node_id, slot_index`,
        [nodeIds],
      ),
    );
    const byNode = Map.groupBy(rows, (row) => row.nodeId);
    return nodeIds.map((id) => byNode.get(id) ?? []);
  },
);

export interface TaskRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly nodeId: string;
  readonly type: string;
  readonly status: string;
  readonly epoch: bigint;
  readonly fence: bigint;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly completedAt: Date | null;
  readonly result: Record<string, unknown> | null;
  readonly lateResult: Record<string, unknown> | null;
}

const TASKS_OF_NODE = 50;

/** The newest tasks of nodes. */
export const tasksOfNodeLoader = defineLoader<string, readonly TaskRecord[]>(
  'allocations.tasks_of_node',
  async (context, nodeIds) => {
    const rows = await context.read((tx) =>
      tx.rows<TaskRecord>(
        `select t.id, t.node_id as "nodeId", t.type, t.status, t.epoch, t.fence, t.created_at as "createdAt",
         t.expires_at as "expiresAt", t.completed_at as "completedAt", t.result, t.late_result as "lateResult"
       from unnest($1::text[]) as node (id)
       cross join lateral (select * from allocations.node_tasks where node_id = node.id order by id desc limit ${TASKS_OF_NODE}) t`,
        [nodeIds],
      ),
    );
    const byNode = Map.groupBy(rows, (row) => row.nodeId);
    return nodeIds.map((id) => byNode.get(id) ?? []);
  },
);
