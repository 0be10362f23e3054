import { LRUCache } from 'lru-cache';
import type { Database } from '../../../kernel/database/database.js';
import type { Transaction } from '../../../kernel/database/transaction.js';
import type { Directory, ProjectPlace } from './contract.js';
import type { SnapshotStore } from './store/access/snapshot-store.js';

const ORGANIZATION_OF_PROJECT_MAX = 100_000;

export interface DirectoryOptions {
  readonly database: Database;
  readonly snapshots: SnapshotStore;
  readonly sshPublicKeys: Directory['sshPublicKeys'];
}

/** Answers from the access snapshots, so a place is as fresh as a decision. */
export class SnapshotDirectory implements Directory {
  readonly #options: DirectoryOptions;
  /** A project never changes its organization. */
  readonly #organizationOf = new LRUCache<string, string>({ max: ORGANIZATION_OF_PROJECT_MAX });

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  async project(projectId: string): Promise<ProjectPlace | null> {
    const organizationId = this.#organizationOf.get(projectId) ?? (await this.#lookUp(projectId));
    if (organizationId === null) return null;
    let snapshot = await this.#options.snapshots.get(organizationId);
    let project = snapshot?.scope(projectId) ?? null;
    if (project === null) {
      // Made a moment ago by another process: the row is there, the snapshot is older.
      this.#options.snapshots.noteChange(organizationId);
      snapshot = await this.#options.snapshots.get(organizationId);
      project = snapshot?.scope(projectId) ?? null;
    }
    if (project?.level !== 'project') return null;
    return {
      projectId,
      departmentId: project.parentId ?? '',
      organizationId,
      name: project.name,
      isActive: project.isActive,
      scope: { level: 'project', id: projectId, organizationId },
    };
  }

  async #lookUp(projectId: string): Promise<string | null> {
    const row = await this.#options.database.read('system', (tx) =>
      tx.row<{ organization_id: string }>('select organization_id from iam.projects where id = $1', [projectId]),
    );
    if (row !== null) this.#organizationOf.set(projectId, row.organization_id);
    return row?.organization_id ?? null;
  }

  async organization(organizationId: string): ReturnType<Directory['organization']> {
    const organization = (await this.#options.snapshots.get(organizationId))?.scope(organizationId) ?? null;
    if (organization === null) return null;
    const { name, isActive } = organization;
    return { organizationId, name, isActive, scope: { level: 'organization', id: organizationId, organizationId } };
  }

  async sshPublicKeys(tx: Transaction, sshKeyIds: readonly string[]): ReturnType<Directory['sshPublicKeys']> {
    return this.#options.sshPublicKeys(tx, sshKeyIds);
  }

  async projectOfApiKey(tx: Transaction, apiKeyId: string): Promise<string | null> {
    const row = await tx.row<{ project_id: string }>(
      'select project_id from iam.api_keys where id = $1 and revoked_at is null',
      [apiKeyId],
    );
    return row?.project_id ?? null;
  }
}
