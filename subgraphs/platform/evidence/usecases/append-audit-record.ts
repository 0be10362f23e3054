import type { AuditRecord } from '../../../../kernel/access/authority.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { auditBody } from '../domain/audit-body.js';
import { AUDIT_TOPIC } from '../store/audit-log.js';

/**
 * Puts a record into the transaction's outbox and answers its id: it is kept if, and only if, the transaction commits,
 * and touches no counter that others wait for. The sequencer gives it its place in the log within a moment.
 */
export function appendAuditRecord(tx: Transaction, record: AuditRecord): string {
  const id = newId('aud');
  const body = auditBody(record, id, new Date());
  tx.send({ topic: AUDIT_TOPIC, organizationId: record.scope.organizationId, body });
  return id;
}
