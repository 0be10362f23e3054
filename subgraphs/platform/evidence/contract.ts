import type { AuditRecord } from '../../../kernel/access/authority.js';
import type { Transaction } from '../../../kernel/database/transaction.js';
import type { SequencedLog } from '../../../kernel/events/sequencer.js';
import type { Subgraph } from '../../../kernel/subgraph.js';

export interface Audit {
  /** Puts the record into the outbox of the transaction; answers its id (`aud_…`). Refuses (throws) secrets in metadata. */
  append(tx: Transaction, record: AuditRecord): string;
}

export interface Evidence {
  readonly subgraph: Subgraph;
  readonly audit: Audit;
  /** The audit log: some worker must keep it sequenced. */
  readonly auditLog: SequencedLog;
}
