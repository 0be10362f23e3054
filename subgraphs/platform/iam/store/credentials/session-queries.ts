import type { Database } from '../../../../../kernel/database/database.js';
import { type Page, type PageArguments, keysetSql, pageRequest, toPage } from '../../../../../kernel/paging/keyset.js';

export interface SessionRecord {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly userId: string;
  readonly provider: string;
  readonly assurance: number;
  readonly authenticationContext: string | null;
  readonly authenticationMethods: string[];
  readonly authenticatedAt: Date | null;
  readonly device: string;
  readonly browser: string;
  readonly operatingSystem: string;
  readonly ip: string | null;
  readonly signedInAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  readonly revokedReason: string | null;
}

const COLUMNS = `id, user_id as "userId", provider, assurance, authentication_context as "authenticationContext",
  authentication_methods as "authenticationMethods", authenticated_at as "authenticatedAt", device, browser,
  operating_system as "operatingSystem", ip, signed_in_at as "signedInAt", last_seen_at as "lastSeenAt",
  expires_at as "expiresAt", revoked_at as "revokedAt", revoked_reason as "revokedReason"`;

/**
 * Sessions of one person, newest first. People belong to no organization, so row level security has nothing to go by:
 * this reads as the system, and its callers have checked that the person is the caller, or the permission.
 */
export async function listSessions(
  database: Database,
  userId: string,
  page: PageArguments,
): Promise<Page<SessionRecord>> {
  const request = pageRequest(page);
  const keyset = keysetSql('id', request, { firstParameter: 2 });
  const rows = await database.read('system', (tx) =>
    tx.rows<SessionRecord>(
      `select ${COLUMNS} from iam.account_sessions where user_id = $1 and ${keyset.condition} ${keyset.tail}`,
      [userId, ...keyset.values],
    ),
  );
  return toPage(request, rows, (row) => [row.id]);
}

export async function findSession(database: Database, id: string): Promise<SessionRecord | null> {
  return database.read('system', (tx) =>
    tx.row<SessionRecord>(`select ${COLUMNS} from iam.account_sessions where id = $1`, [id]),
  );
}
