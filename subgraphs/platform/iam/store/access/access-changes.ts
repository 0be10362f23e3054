import type { Transaction } from '../../../../../kernel/database/transaction.js';
import type { SnapshotStore } from './snapshot-store.js';

/** Every command that changes access (and says so by `changesAccess`, which holds the exclusive lock) records it here. */
export class AccessChanges {
  readonly #snapshots: SnapshotStore;

  constructor(snapshots: SnapshotStore) {
    this.#snapshots = snapshots;
  }

  /** Raises the revision in the transaction of the change; this process looks again after the commit. */
  async record(tx: Transaction, organizationId: string | null): Promise<void> {
    const raised = await tx.execute('update iam.access_revisions set revision = revision + 1 where scope_id = $1', [
      organizationId ?? 'platform',
    ]);
    if (raised !== 1) throw new Error(`there is no access revision of ${organizationId ?? 'the platform'}`);
    tx.afterCommit(() => this.#snapshots.noteChange(organizationId));
  }
}
