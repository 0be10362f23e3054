import { z } from 'zod';
import type { Actor } from '../../../../../kernel/access/actor.js';
import type { Scope } from '../../../../../kernel/access/authority.js';
import type { ScopeLookup } from '../../../../../kernel/commands/command.js';
import { type Refused, refuse } from '../../../../../kernel/errors/refusal.js';
import type { Registry } from '../../../registry/index.js';
import { ALLOW_LIST_MAXIMUM, isCovered, isPermissionPattern } from '../../domain/credentials/allow-list.js';

const DAY_MILLISECONDS = 24 * 3600 * 1000;

export const credentialName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(100, 'must have at most 100 characters');

export const allowListInput = z
  .array(z.string().max(120, 'must have at most 120 characters'))
  .min(1, 'must name at least one permission')
  .max(ALLOW_LIST_MAXIMUM, `must name at most ${ALLOW_LIST_MAXIMUM} permissions`);

/** Text, because it is hashed and stored with the command's input. */
export const expiryInput = z.date().optional();

export function projectScope(row: { project_id: string; organization_id: string }): Scope {
  return { level: 'project', id: row.project_id, organizationId: row.organization_id };
}

/** Where a row of one of the credential tables lives; null when there is none. */
export async function scopeOfRow(lookup: ScopeLookup, table: CredentialTable, id: string): Promise<Scope | null> {
  const row = await lookup.row<{ project_id: string; organization_id: string }>(
    `select project_id, organization_id from iam.${table} where id = $1 and project_id is not null`,
    [id],
  );
  return row === null ? null : projectScope(row);
}

type CredentialTable = 'service_accounts' | 'service_account_keys' | 'api_keys' | 'ssh_keys';

/**
 * Refuses patterns without form or that no registered permission fits, and those beyond what the caller's own credential
 * is limited to: a credential never makes a stronger one.
 */
export function allowListFault(allowList: readonly string[], registry: Registry, actor: Actor): Refused | null {
  const permissions = registry.permissions().map((permission) => permission.id);
  for (const [index, pattern] of allowList.entries()) {
    const field = ['input', 'allowList', String(index)];
    if (!isPermissionPattern(pattern)) {
      return refuse('INVALID_INPUT', `"${pattern}" is neither a permission nor a pattern such as "apps.*".`, { field });
    }
    if (pattern !== '*' && !permissions.some((permission) => isCovered(permission, [pattern]))) {
      return refuse('NOT_REGISTERED', `No registered permission fits "${pattern}".`, { field });
    }
    if (actor.allowList !== undefined && !isCovered(pattern, actor.allowList)) {
      return refuse('POLICY_DENIED', `Your own credential does not allow "${pattern}".`, { field });
    }
  }
  return null;
}

/** When a credential ends: as asked, within the maximum; the default when nothing was asked. */
export function expiryOf(
  asked: Date | undefined,
  now: Date,
  days: { default: number; maximum: number },
): Date | Refused {
  if (asked === undefined) return new Date(now.getTime() + days.default * DAY_MILLISECONDS);
  const latest = new Date(now.getTime() + days.maximum * DAY_MILLISECONDS);
  if (asked > now && asked <= latest) return asked;
  return refuse('INVALID_INPUT', `expiresAt must lie in the future and at most ${days.maximum} days ahead.`, {
    field: ['input', 'expiresAt'],
    details: { latest: latest.toISOString() },
  });
}

/** Things of a person need the person: a key that acts for somebody must not change how that somebody gets in. */
export function personFault(actor: Actor): Refused | null {
  if (actor.kind === 'human') return null;
  return refuse('POLICY_DENIED', 'Only a person who is signed in can do this; an API key or a service account cannot.');
}
