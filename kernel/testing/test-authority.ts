import type { Actor } from '../access/actor.js';
import type { AuditRecord, Authority, Decision, Reach, Scope } from '../access/authority.js';
import type { Statement } from '../database/statement-batch.js';
import type { Transaction } from '../database/transaction.js';
import { newId } from '../identifiers/type-id.js';

interface Grant {
  readonly actorId: string;
  readonly permission: string;
  readonly scopeId: string;
}

/**
 * Stands in for the platform in tests of the kernel and of single domains: an actor holds exactly what a test granted,
 * at exactly that scope or, for the organization named, below it. `records` holds what was audited.
 */
export class TestAuthority implements Authority {
  readonly records: AuditRecord[] = [];
  /** Organizations whose access lock cannot be had at once. */
  readonly busy = new Set<string>();
  readonly #grants: Grant[] = [];
  readonly #listeners = new Set<(organizationId: string | null) => void>();
  #revision = 1;

  /** `permission` may be `*`. */
  grant(actorId: string, permission: string, scopeId: string): void {
    this.#grants.push({ actorId, permission, scopeId });
    this.#changed();
  }

  revokeAll(actorId: string): void {
    for (let index = this.#grants.length - 1; index >= 0; index -= 1) {
      if (this.#grants[index]?.actorId === actorId) this.#grants.splice(index, 1);
    }
    this.#changed();
  }

  #changed(): void {
    this.#revision += 1;
    for (const listener of this.#listeners) listener(null);
  }

  #grantsOf(actor: Actor, permission: string): Grant[] {
    return this.#grants.filter(
      (grant) => grant.actorId === actor.id && (grant.permission === '*' || grant.permission === permission),
    );
  }

  lockStatement(_organizationId: string | null): string | Statement {
    return 'select 1';
  }

  revisionStatement(_organizationId: string | null): string | Statement {
    return `select ${this.#revision} as revision`;
  }

  lockTogetherStatement(organizationIds: readonly string[]): string | Statement {
    return {
      text: 'select id as organization_id, id <> all ($2::text[]) as is_locked from unnest($1::text[]) id',
      values: [organizationIds, [...this.busy]],
    };
  }

  revisionsStatement(organizationIds: readonly string[]): string | Statement {
    return {
      text: 'select id as organization_id, $2::bigint as revision from unnest($1::text[]) id',
      values: [organizationIds, this.#revision],
    };
  }

  async decide(actor: Actor, permission: string, scope: Scope): Promise<Decision> {
    const isAllowed =
      actor.kind === 'system' ||
      this.#grantsOf(actor, permission).some((grant) =>
        ['platform', scope.organizationId, scope.id].includes(grant.scopeId),
      );
    return {
      id: newId('dec'),
      isAllowed,
      permission,
      scope,
      reason: isAllowed ? 'ALLOWED' : 'NO_BINDING',
      message: isAllowed ? '' : `You need ${permission} on this ${scope.level}.`,
      revision: String(this.#revision),
      isScopeVisible:
        actor.organizationIds === '*' ||
        scope.organizationId === null ||
        actor.organizationIds.includes(scope.organizationId),
    };
  }

  async reach(actor: Actor, permission: string): Promise<Reach> {
    const ids = this.#grantsOf(actor, permission).map((grant) => grant.scopeId);
    return {
      isEverywhere: actor.kind === 'system' || ids.includes('platform'),
      organizationIds: ids.filter((id) => id.startsWith('org_')),
      departmentIds: ids.filter((id) => id.startsWith('dep_')),
      projectIds: ids.filter((id) => id.startsWith('prj_')),
    };
  }

  async holdsAnywhere(actor: Actor, permission: string): Promise<boolean> {
    return actor.kind === 'system' || this.#grantsOf(actor, permission).length > 0;
  }

  audit(_tx: Transaction, record: AuditRecord): string {
    this.records.push(record);
    return newId('aud');
  }

  onAccessChange(listener: (organizationId: string | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
