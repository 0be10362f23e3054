import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type ArtifactState, type TrustState, artifactFault } from '../domain/artifact-lifecycle.js';
import type { VersionState } from '../domain/version-lifecycle.js';
import type { Fault, Manifest } from '../manifest/manifest.js';

export interface CatalogueVersion {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly appId: string;
  readonly slug: string;
  readonly number: string;
  readonly state: VersionState;
  readonly manifest: Manifest;
  readonly manifestHash: string;
}

const VERSION = `v.id, v.app_id as "appId", a.slug, v.number, v.state, v.manifest, v.manifest_hash as "manifestHash"`;

/** The named version of an app, or its newest active one. */
export async function findVersion(
  tx: Transaction,
  app: { slug: string; versionId?: string | undefined },
): Promise<CatalogueVersion | null> {
  if (app.versionId !== undefined) {
    return tx.row<CatalogueVersion>(
      `select ${VERSION} from apps.versions v join apps.apps a on a.id = v.app_id where a.slug = $1 and v.id = $2`,
      [app.slug, app.versionId],
    );
  }
  return tx.row<CatalogueVersion>(
    `select ${VERSION} from apps.versions v join apps.apps a on a.id = v.app_id
     where a.slug = $1 and v.state = 'active' order by v.state_changed_at desc, v.id desc limit 1`,
    [app.slug],
  );
}

export async function findAppId(tx: Transaction, slug: string): Promise<string | null> {
  return (await tx.row<{ id: string }>('select id from apps.apps where slug = $1', [slug]))?.id ?? null;
}

export async function isEntitled(tx: Transaction, projectId: string, appId: string): Promise<boolean> {
  const row = await tx.row<{ isEnabled: boolean }>(
    'select is_enabled as "isEnabled" from apps.entitlements where project_id = $1 and app_id = $2',
    [projectId, appId],
  );
  return row?.isEnabled === true;
}

interface TrustRow {
  readonly [column: string]: unknown;
  readonly repository: string;
  readonly digest: string;
  readonly lifecycleState: ArtifactState;
  readonly trustState: TrustState;
}

/** Why artifacts of a manifest cannot be put to new use; empty when all can. */
export async function artifactFaults(tx: Transaction, manifest: Manifest): Promise<Fault[]> {
  const rows = await tx.rows<TrustRow>(
    `select repository, digest, lifecycle_state as "lifecycleState", trust_state as "trustState" from apps.artifacts where digest = any ($1)`,
    [manifest.artifacts.map((artifact) => artifact.digest)],
  );
  return manifest.artifacts.flatMap(({ repository, digest, name }, index) => {
    const fault = artifactFault(rows.find((row) => row.repository === repository && row.digest === digest));
    return fault === null
      ? []
      : [{ path: ['artifacts', String(index)], message: `${name} (${repository}@${digest}) ${fault}` }];
  });
}
