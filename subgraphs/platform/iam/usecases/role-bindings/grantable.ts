import type { Actor } from '../../../../../kernel/access/actor.js';
import type { Scope } from '../../../../../kernel/access/authority.js';
import { type Refused, refuse } from '../../../../../kernel/errors/refusal.js';
import type { AccessSnapshot } from '../../domain/access/access-snapshot.js';
import { decideAccess } from '../../domain/access/decide-access.js';
import type { PermissionBits } from '../../domain/access/permission-set.js';
import type { SnapshotStore } from '../../store/access/snapshot-store.js';

/** May grant, inside an organization, what it does not hold itself: for operators who onboard. */
const DELEGATE = 'iam.role_binding.delegate';
const NAMED_MAX = 5;

/**
 * Nobody gives, or takes, more than they hold: every permission of the role must be the actor's own at the scope. Runs
 * under the exclusive access lock, after a decision on the present revision, so the snapshot is the present.
 */
export async function refuseUnlessHeld(
  snapshots: SnapshotStore,
  request: { actor: Actor; scope: Scope; permissions: (snapshot: AccessSnapshot) => PermissionBits; now: Date },
): Promise<Refused | null> {
  const { actor, scope } = request;
  if (actor.kind === 'system') return null;
  const platform = await snapshots.get(null);
  const organization = scope.organizationId === null ? null : await snapshots.get(scope.organizationId);
  if (platform === null) throw new Error('the platform has no access data');
  const isHeld = (permission: string): boolean => {
    const { reason } = decideAccess({ actor, permission, scope, platform, organization, now: request.now.getTime() });
    return reason === 'ALLOWED' || reason === 'STEP_UP_REQUIRED';
  };
  if (scope.level !== 'platform' && isHeld(DELEGATE)) return null;
  const missing = platform.catalogue.index
    .namesIn(request.permissions(organization ?? platform))
    .filter((permission) => !isHeld(permission));
  if (missing.length === 0) return null;
  return refuse(
    'POLICY_DENIED',
    `You cannot give or take what you do not hold on this ${scope.level}: ${missing.slice(0, NAMED_MAX).join(', ')}.`,
    {
      field: ['input', 'role'],
      details: {
        missingPermissions: missing.slice(0, NAMED_MAX),
        missingCount: missing.length,
        scope: { level: scope.level, id: scope.id },
      },
    },
  );
}
