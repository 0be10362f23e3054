import type { AuditRecord } from '../../../kernel/access/authority.js';
import type { Statement } from '../../../kernel/database/statement-batch.js';
import type { Transaction } from '../../../kernel/database/transaction.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { TestAuthority } from '../../../kernel/testing/test-authority.js';

/** Costs the database what the platform's authority costs it: both locks, both revisions, an audit record. */
export class BenchAuthority extends TestAuthority {
  override lockStatement(organizationId: string | null): Statement {
    return {
      name: 'bench.lock',
      text: `select pg_advisory_xact_lock_shared(hashtextextended('iam.access platform', 0)),
        pg_advisory_xact_lock_shared(hashtextextended('iam.access ' || $1, 0))`,
      values: [organizationId],
    };
  }

  override revisionStatement(organizationId: string | null): Statement {
    return {
      name: 'bench.revision',
      text: `select coalesce((select revision from bench.revisions where scope_id = 'platform'), 0) || '.' ||
        coalesce((select revision from bench.revisions where scope_id = $1), 0) as revision`,
      values: [organizationId],
    };
  }

  override audit(tx: Transaction, record: AuditRecord): string {
    const id = newId('aud');
    const { actor, scope, ...facts } = record;
    const body = { id, at: new Date().toISOString(), actorId: actor.id, scopeId: scope.id, ...facts };
    tx.send({ topic: 'audit', organizationId: scope.organizationId, body });
    return id;
  }
}
