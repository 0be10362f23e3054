import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { type RequestContext, defineLoader } from '../../../../../kernel/graphql/request-context.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../../kernel/paging/keyset.js';

export interface SshKeyRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organizationId: string | null;
  readonly projectId: string | null;
  readonly ownerId: string;
  readonly name: string;
  readonly type: string;
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly createdAt: Date;
}

const COLUMNS = `id, organization_id as "organizationId", project_id as "projectId", owner_id as "ownerId", name, type,
  public_key as "publicKey", fingerprint, created_at as "createdAt"`;

/**
 * SSH keys by id. Row level security shows those of people, and those of service accounts in the caller's organizations:
 * a public key tells nothing, and whoever starts a machine with it names it.
 */
export const sshKeyLoader = defineLoader<string, SshKeyRecord>('iam.ssh_key', async (context, ids) => {
  const rows = await context.read((tx) =>
    tx.rows<SshKeyRecord>(`select ${COLUMNS} from iam.ssh_keys where id = any ($1) and removed_at is null`, [ids]),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
});

/** SSH keys of one owner, newest first. */
export async function listSshKeys(
  context: RequestContext,
  ownerId: string,
  page: PageArguments,
): Promise<Page<SshKeyRecord>> {
  const request = pageRequest(page);
  const keyset = keysetSql('id', request, { firstParameter: 2 });
  const rows = await context.read((tx) =>
    tx.rows<SshKeyRecord>(
      `select ${COLUMNS} from iam.ssh_keys where owner_id = $1 and removed_at is null and ${keyset.condition} ${keyset.tail}`,
      [ownerId, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}

/** Public keys by id, for machines; unknown and removed ones are missing. */
export async function sshPublicKeys(
  tx: Transaction,
  sshKeyIds: readonly string[],
): Promise<{ id: string; ownerId: string; organizationId: string | null; publicKey: string }[]> {
  return tx.rows(
    `select id, owner_id as "ownerId", organization_id as "organizationId", public_key as "publicKey" from iam.ssh_keys
     where id = any ($1) and removed_at is null order by id`,
    [sshKeyIds],
  );
}
