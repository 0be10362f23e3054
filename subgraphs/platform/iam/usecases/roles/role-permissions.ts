import { z } from 'zod';
import { type Refused, refuse } from '../../../../../kernel/errors/refusal.js';
import type { Registry } from '../../../registry/index.js';

export const permissionList = z
  .array(z.string())
  .min(1, 'must name at least one permission')
  .max(500, 'must name at most 500 permissions');

/** Names every permission that the registry does not know. */
export function refuseUnregistered(registry: Registry, permissions: readonly string[]): Refused | null {
  const unknown = permissions.filter((permission) => !registry.isPermission(permission));
  if (unknown.length === 0) return null;
  return refuse('NOT_REGISTERED', `These permissions are not registered: ${unknown.join(', ')}.`, {
    field: ['input', 'permissions'],
    details: { unknown },
  });
}
