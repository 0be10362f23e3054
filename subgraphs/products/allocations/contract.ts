import type { Transaction } from '../../../kernel/database/transaction.js';
import type { Subgraph } from '../../../kernel/subgraph.js';

/** What other products may know of an allocation; read-only. */
export interface AllocationView {
  readonly id: string;
  readonly organizationId: string;
  readonly departmentId: string;
  readonly projectId: string;
  readonly state: 'requested' | 'provisioning' | 'active' | 'releasing' | 'released' | 'failed' | 'release_failed';
  readonly skuName: string;
  readonly capacityShape: string;
  readonly gpuCount: number;
  /** Where its SSH and apps are reached; null until active. */
  readonly host: string | null;
}

export interface Allocations {
  readonly subgraph: Subgraph;
  /** Null when it does not exist or the transaction may not see it. */
  find(tx: Transaction, allocationId: string): Promise<AllocationView | null>;
}
