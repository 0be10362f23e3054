import type { Registry } from '../../registry/index.js';
import type { AccessChanges } from '../store/access/access-changes.js';
import type { SnapshotStore } from '../store/access/snapshot-store.js';

/** What commands of access work with. */
export interface AccessDependencies {
  readonly registry: Registry;
  readonly snapshots: SnapshotStore;
  readonly changes: AccessChanges;
  /** Issuer of people who are named by their subject alone. */
  readonly defaultIssuer: string;
}
