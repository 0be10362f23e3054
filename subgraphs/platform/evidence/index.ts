import { type Kernel, migrationsOf } from '../../../kernel/kernel.js';
import type { DomainDefinition } from '../../../kernel/subgraph.js';
import type { Registry } from '../registry/index.js';
import type { Evidence } from './contract.js';
import { auditLog } from './store/audit-log.js';
import { BundleEntity } from './store/bundle-entity.js';
import { ItemEntity } from './store/item-entity.js';
import { createEvidenceSubgraph } from './subgraph.js';
import { appendAuditRecord } from './usecases/append-audit-record.js';

export const evidenceDefinition: DomainDefinition = {
  name: 'evidence',
  migrations: migrationsOf('evidence', 'subgraphs', 'platform', 'evidence'),
  entities: [BundleEntity, ItemEntity],
};

/** `status` hears of the health of the audit log; without it nobody does. */
export function createEvidence(deps: { kernel: Kernel; status?: Pick<Registry, 'reportHealth'> }): Evidence {
  return { subgraph: createEvidenceSubgraph(deps), audit: { append: appendAuditRecord }, auditLog };
}

export type { Audit, Evidence } from './contract.js';
