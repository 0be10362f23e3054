import pg from 'pg';
import { toPlatformError, unreachable } from '../../../../../kernel/database/database-errors.js';
import type { AccessFacts, BindingEffect } from '../../domain/access/access-facts.js';
import type { ScopeLevel } from '../../domain/access/built-in-roles.js';

type Rows<Row> = readonly Row[];
type Answer<Row> = { rows: Rows<Row> };

function rowsOf<Row>(answer: Answer<unknown> | undefined): Rows<Row> {
  return (answer?.rows ?? []) as Rows<Row>;
}

interface BindingRow {
  readonly id: string;
  readonly scope_id: string;
  readonly principal_id: string;
  readonly role_id: string;
  readonly effect: BindingEffect;
  readonly expires_at: string | null;
}

const PLATFORM_ID = 'platform';

/**
 * Reads everything that decisions about an organization (null: the platform) rest on, as of one revision: one snapshot
 * of the database, one round trip. Null when there is no such organization.
 */
export async function loadAccessFacts(pool: pg.Pool, organizationId: string | null): Promise<AccessFacts | null> {
  const statements =
    organizationId === null ? platformStatements() : organizationStatements(pg.escapeLiteral(organizationId));
  const text = ['begin isolation level repeatable read read only', ...statements, 'commit'].join(';\n');
  const client = await pool.connect().catch((error: unknown) => {
    throw unreachable(error);
  });
  let isBroken = true;
  try {
    const answers = (await client.query(text)) as unknown as Answer<never>[];
    isBroken = false;
    return organizationId === null ? platformFacts(answers) : organizationFacts(organizationId, answers);
  } catch (error) {
    throw toPlatformError(error);
  } finally {
    // A failure leaves the transaction open: such a connection is not used again.
    client.release(isBroken);
  }
}

const BINDING = `id, scope_id, principal_id, role_id, effect, (extract(epoch from expires_at) * 1000)::text as expires_at`;

function platformStatements(): string[] {
  return [
    `select revision from iam.access_revisions where scope_id = '${PLATFORM_ID}'`,
    `select m.group_id, m.member_id from iam.group_members m where m.organization_id is null`,
    `select ${BINDING} from iam.role_bindings where organization_id is null and revoked_at is null order by id`,
    `select principal_id from iam.revoked_principals where organization_id is null`,
  ];
}

function platformFacts(answers: readonly Answer<never>[]): AccessFacts {
  const [, revision, groups, bindings, revoked] = answers as readonly Answer<unknown>[];
  return {
    organizationId: null,
    revision: (revision?.rows[0] as { revision: bigint } | undefined)?.revision ?? 0n,
    isSuspended: false,
    scopes: [{ id: PLATFORM_ID, level: 'platform', parentId: null, name: 'Platform', isActive: true }],
    customRoles: [],
    groupMembers: toGroupMembers(groups),
    members: [],
    bindings: toBindings(bindings),
    revokedPrincipals: toRevoked(revoked),
  };
}

function organizationStatements(id: string): string[] {
  return [
    `select o.name, o.state, r.revision from iam.organizations o join iam.access_revisions r on r.scope_id = o.id where o.id = ${id}`,
    `select id, name, null as department_id, true as is_active from iam.departments where organization_id = ${id}
     union all select id, name, department_id, state = 'active' from iam.projects where organization_id = ${id}`,
    `select id, permissions from iam.roles where organization_id = ${id}`,
    `select group_id, member_id from iam.group_members where organization_id = ${id}`,
    `select user_id from iam.memberships where organization_id = ${id}`,
    `select ${BINDING} from iam.role_bindings where organization_id = ${id} and revoked_at is null order by id`,
    `select principal_id from iam.revoked_principals where organization_id = ${id}`,
  ];
}

function organizationFacts(organizationId: string, answers: readonly Answer<never>[]): AccessFacts | null {
  const [, organization, scopes, roles, groups, members, bindings, revoked] = answers as readonly Answer<unknown>[];
  const head = organization?.rows[0] as { name: string; state: string; revision: bigint } | undefined;
  if (head === undefined) return null;
  const isActive = head.state === 'active';
  return {
    organizationId,
    revision: head.revision,
    isSuspended: !isActive,
    scopes: [
      { id: organizationId, level: 'organization' as const, parentId: null, name: head.name, isActive },
      ...rowsOf<{ id: string; name: string; department_id: string | null; is_active: boolean }>(scopes).map((row) => ({
        id: row.id,
        level: (row.department_id === null ? 'department' : 'project') as ScopeLevel,
        parentId: row.department_id ?? organizationId,
        name: row.name,
        isActive: row.is_active && isActive,
      })),
    ],
    customRoles: rowsOf<{ id: string; permissions: string[] }>(roles),
    groupMembers: toGroupMembers(groups),
    members: rowsOf<{ user_id: string }>(members).map((row) => row.user_id),
    bindings: toBindings(bindings),
    revokedPrincipals: toRevoked(revoked),
  };
}

function toGroupMembers(answer: Answer<unknown> | undefined): AccessFacts['groupMembers'] {
  return rowsOf<{ group_id: string; member_id: string }>(answer).map((row) => ({
    groupId: row.group_id,
    memberId: row.member_id,
  }));
}

function toBindings(answer: Answer<unknown> | undefined): AccessFacts['bindings'] {
  return rowsOf<BindingRow>(answer).map((row) => ({
    id: row.id,
    scopeId: row.scope_id,
    principalId: row.principal_id,
    roleId: row.role_id,
    effect: row.effect,
    expiresAt: row.expires_at === null ? null : Math.floor(Number(row.expires_at)),
  }));
}

function toRevoked(answer: Answer<unknown> | undefined): string[] {
  return rowsOf<{ principal_id: string }>(answer).map((row) => row.principal_id);
}
