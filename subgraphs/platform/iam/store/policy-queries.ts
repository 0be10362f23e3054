import { PLATFORM_SCOPE, type Scope } from '../../../../kernel/access/authority.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import type { PolicyPrimitive, PolicySetting } from '../domain/policy-bounds.js';

interface SettingRow {
  readonly [column: string]: unknown;
  /** Which of the scopes, from 1. */
  readonly place: bigint;
  readonly scope_level: Scope['level'];
  readonly scope_id: string;
  readonly organization_id: string | null;
  readonly value: PolicyPrimitive;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly allowed_values: string[] | null;
  readonly is_denied: boolean;
}

/** What the platform and every scope down to each of these say about a policy, outermost first; one list for each scope. */
export async function policySettings(
  tx: Transaction,
  key: string,
  scopes: readonly Scope[],
): Promise<PolicySetting[][]> {
  // Arrays come from sub-selects: their lengths do not tempt the planner to plan again each time.
  const rows = await tx.prepared<SettingRow>(
    'iam.policy.settings',
    `select w.place, v.scope_level, v.scope_id, v.organization_id, v.value, v.minimum, v.maximum, v.allowed_values, v.is_denied
     from unnest((select $3::text[]), (select $4::text[])) with ordinality w (organization_id, scope_id, place)
     join iam.policy_values v on v.key = $1 and v.scope_id in (
       $2, w.organization_id, w.scope_id, coalesce((select p.department_id from iam.projects p where p.id = w.scope_id), '')
     )
     order by array_position(array['platform', 'organization', 'department', 'project'], v.scope_level)`,
    [key, PLATFORM_SCOPE.id, scopes.map((scope) => scope.organizationId ?? ''), scopes.map((scope) => scope.id)],
  );
  const settings: PolicySetting[][] = scopes.map(() => []);
  for (const row of rows) {
    settings[Number(row.place) - 1]?.push({
      scope: { level: row.scope_level, id: row.scope_id, organizationId: row.organization_id },
      value: row.value,
      minimum: row.minimum,
      maximum: row.maximum,
      allowedValues: row.allowed_values,
      isDenied: row.is_denied,
    });
  }
  return settings;
}
