import type { AuditRecord } from '../../../../kernel/access/authority.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { TestAuthority } from '../../../../kernel/testing/test-authority.js';
import { appendAuditRecord } from '../usecases/append-audit-record.js';

/** Decides as tests grant, and audits for real. */
export class AuditingAuthority extends TestAuthority {
  override audit(tx: Transaction, record: AuditRecord): string {
    return appendAuditRecord(tx, record);
  }
}
