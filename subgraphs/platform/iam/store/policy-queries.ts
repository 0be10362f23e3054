import { PLATFORM_SCOPE, type Scope } from '../../../../kernel/access/authority.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import type { PolicyPrimitive, PolicySetting } from '../domain/policy-bounds.js';

interface SettingRow {
  readonly [column: string]: unknown;
  readonly scope_level: Scope['level'];
  readonly scope_id: string;
  readonly organization_id: string | null;
  readonly value: PolicyPrimitive;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly allowed_values: string[] | null;
  readonly is_denied: boolean;
}

/** What the platform and every scope down to this one say about a policy, outermost first. */
export async function policySettings(tx: Transaction, key: string, scope: Scope): Promise<PolicySetting[]> {
  const rows = await tx.prepared<SettingRow>(
    'iam.policy.settings',
    `select v.scope_level, v.scope_id, v.organization_id, v.value, v.minimum, v.maximum, v.allowed_values, v.is_denied
     from iam.policy_values v
     where v.key = $1 and v.scope_id in (
       $2, $3, $4, coalesce((select p.department_id from iam.projects p where p.id = $4), '')
     )
     order by array_position(array['platform', 'organization', 'department', 'project'], v.scope_level)`,
    [key, PLATFORM_SCOPE.id, scope.organizationId ?? '', scope.id],
  );
  return rows.map((row) => ({
    scope: { level: row.scope_level, id: row.scope_id, organizationId: row.organization_id },
    value: row.value,
    minimum: row.minimum,
    maximum: row.maximum,
    allowedValues: row.allowed_values,
    isDenied: row.is_denied,
  }));
}
