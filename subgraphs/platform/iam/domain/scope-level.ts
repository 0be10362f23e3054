import { prefixOf } from '../../../../kernel/identifiers/type-id.js';
import type { ScopeLevel } from './access/built-in-roles.js';

const LEVELS: Readonly<Record<string, ScopeLevel>> = { org: 'organization', dep: 'department', prj: 'project' };

/** The level that the identifier of a scope names: `platform`, `org_…`, `dep_…` or `prj_…`. Null for anything else. */
export function levelOf(scopeId: string): ScopeLevel | null {
  return scopeId === 'platform' ? 'platform' : (LEVELS[prefixOf(scopeId) ?? ''] ?? null);
}

const PRINCIPALS: Readonly<Record<string, 'human' | 'service_account' | 'group'>> = {
  usr: 'human',
  sva: 'service_account',
  grp: 'group',
};

/** The kind of principal that an identifier names; null for anything else. */
export function principalTypeOf(principalId: string): 'human' | 'service_account' | 'group' | null {
  return PRINCIPALS[prefixOf(principalId) ?? ''] ?? null;
}
