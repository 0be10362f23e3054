import type { Statement } from '../database/statement-batch.js';
import type { Transaction } from '../database/transaction.js';
import type { Actor } from './actor.js';

/** A node of the resource hierarchy. Levels are the authority's words; the kernel only carries them. */
export interface Scope {
  readonly level: 'platform' | 'organization' | 'department' | 'project';
  readonly id: string;
  /** The unit of isolation; null for the platform itself. */
  readonly organizationId: string | null;
}

export const PLATFORM_SCOPE: Scope = { level: 'platform', id: 'platform', organizationId: null };

/** Why an access decision fell as it did. */
export interface Decision {
  readonly id: string;
  readonly isAllowed: boolean;
  readonly permission: string;
  readonly scope: Scope;
  /** `ALLOWED`, `NO_BINDING`, `DENIED`, `GUARDRAIL`, `PROJECT_BOUNDARY`, `ALLOW_LIST`, `STEP_UP_REQUIRED`, `REVOKED`, ... */
  readonly reason: string;
  /** One sentence, safe to show the caller, that says what would help. */
  readonly message: string;
  /** Revision of the access data that was decided on. */
  readonly revision: string;
  /** False when the caller may not even learn that the scope exists: answered as NOT_FOUND. */
  readonly isScopeVisible: boolean;
  /** What granted it, or the nearest miss and its remedy; redacted to what the caller may see. */
  readonly explanation?: Readonly<Record<string, unknown>>;
}

/** Where an actor holds a permission: what lists push into SQL. */
export interface Reach {
  readonly isEverywhere: boolean;
  readonly organizationIds: readonly string[];
  readonly departmentIds: readonly string[];
  readonly projectIds: readonly string[];
}

export interface AuditRecord {
  readonly action: string;
  readonly result: 'success' | 'failure' | 'denied';
  readonly actor: Actor;
  readonly scope: Scope;
  readonly targetType: string | null;
  readonly targetId: string | null;
  readonly correlationId: string;
  readonly reasonCode: string | null;
  /** Small and free of secrets; the authority refuses what looks like one. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * What the kernel asks of the platform. The kernel has no business noun; the platform gives it one implementation at
 * start-up. Without one every command fails closed.
 */
export interface Authority {
  /**
   * One SQL statement (with literals, or better a prepared one with parameters), run right after BEGIN of a command: takes the shared access lock of the
   * organization. A command that changes access (`changesAccess`) asks for the exclusive form, so that no change that
   * was acknowledged is ignored; taking it at once, instead of upgrading, keeps two such commands from deadlocking.
   */
  lockStatement(organizationId: string | null, mode?: 'shared' | 'exclusive'): string | Statement;
  /** One SQL statement run after the lock is held; its single row `{ revision }` is handed to {@link decide}. */
  revisionStatement(organizationId: string | null): string | Statement;
  /**
   * As {@link lockStatement} in the shared form, for several organizations: a row `{ organization_id, is_locked }` for
   * each. An organization whose lock cannot be had at once is not waited for: others would wait with it.
   */
  lockTogetherStatement(organizationIds: readonly string[]): string | Statement;
  /** As {@link revisionStatement}, for several: a row `{ organization_id, revision }` for each. */
  revisionsStatement(organizationIds: readonly string[]): string | Statement;
  /** Decides on data at least as new as `revision`; never answers from the past. Without a revision: as fresh as the snapshot's budget. */
  decide(actor: Actor, permission: string, scope: Scope, revision?: string): Promise<Decision>;
  /** Where the actor holds the permission. */
  reach(actor: Actor, permission: string): Promise<Reach>;
  /** Whether the actor holds the permission at any scope at all (field access at the edge). */
  holdsAnywhere(actor: Actor, permission: string): Promise<boolean>;
  /** Appends the audit record in the transaction and returns its id. */
  audit(tx: Transaction, record: AuditRecord): string;
  /** Called when access data changed; returns the unsubscribe function. Streams re-authorize on it. */
  onAccessChange(listener: (organizationId: string | null) => void): () => void;
}
