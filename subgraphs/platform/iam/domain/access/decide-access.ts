import type { Actor } from '../../../../../kernel/access/actor.js';
import type { Scope } from '../../../../../kernel/access/authority.js';
import type { AccessSnapshot } from './access-snapshot.js';
import { matchesPattern } from './permission-set.js';
import { survivesSuspension } from './suspension.js';

export type DecisionReason =
  | 'ALLOWED'
  | 'NO_BINDING'
  | 'DENIED'
  | 'GUARDRAIL'
  | 'PROJECT_BOUNDARY'
  | 'ALLOW_LIST'
  | 'STEP_UP_REQUIRED'
  | 'EXPIRED_BINDING'
  | 'REVOKED'
  | 'ORGANIZATION_SUSPENDED'
  | 'STALE_DATA';

export interface AccessQuestion {
  readonly actor: Actor;
  readonly permission: string;
  readonly scope: Scope;
  readonly platform: AccessSnapshot;
  /** Null when the scope is the platform, or the organization does not exist. */
  readonly organization: AccessSnapshot | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface Verdict {
  readonly reason: DecisionReason;
  readonly isScopeVisible: boolean;
}

/** A person's proof of presence counts as fresh for this long (RFC 9470). */
export const STEP_UP_SECONDS = 15 * 60;
const STEP_UP_ASSURANCE = 2;

const ALLOWED: Verdict = { reason: 'ALLOWED', isScopeVisible: true };
const INVISIBLE: Verdict = { reason: 'NO_BINDING', isScopeVisible: false };

/**
 * decision = (union of allows on the scope and its ancestors) ∩ (guardrail of every ancestor) − (any deny). Deny by
 * default; credentials narrow further, and nothing widens.
 */
export function decideAccess(question: AccessQuestion): Verdict {
  const { actor, scope, platform, organization } = question;
  if (actor.kind === 'system') return ALLOWED;
  const isPlatform = scope.level === 'platform';
  if (actor.kind === 'anonymous') return { reason: 'NO_BINDING', isScopeVisible: isPlatform };
  if (!isPlatform && (organization === null || organization.scopeNumber(scope.id) < 0 || !isInReach(actor, scope)))
    return INVISIBLE;
  if (platform.isRevoked(actor.id) || organization?.isRevoked(actor.id) === true)
    return { reason: 'REVOKED', isScopeVisible: isVisible(question) };
  if (actor.projectId !== undefined && (scope.level !== 'project' || scope.id !== actor.projectId)) {
    return { reason: 'PROJECT_BOUNDARY', isScopeVisible: true };
  }
  if (actor.allowList !== undefined && !matchesPattern(question.permission, actor.allowList)) {
    return { reason: 'ALLOW_LIST', isScopeVisible: isVisible(question) };
  }
  const reason = standingReason(question);
  return reason === 'ALLOWED' ? ALLOWED : { reason, isScopeVisible: isVisible(question) };
}

function isInReach(actor: Actor, scope: Scope): boolean {
  return (
    actor.organizationIds === '*' ||
    (scope.organizationId !== null && actor.organizationIds.includes(scope.organizationId))
  );
}

function standingReason(question: AccessQuestion): DecisionReason {
  const { actor, platform, organization, now } = question;
  const permission = platform.catalogue.index.numberOf(question.permission);
  const above = platform.standing(platform.grantsOf(actor.id), permission, 0, now);
  const inside = organization?.standing(
    organization.grantsOf(actor.id),
    permission,
    organization.scopeNumber(question.scope.id),
    now,
  );
  if (above.isDenied || inside?.isDenied === true) return 'DENIED';
  if (!above.isAllowed && inside?.isAllowed !== true) {
    return above.hasExpired || inside?.hasExpired === true ? 'EXPIRED_BINDING' : 'NO_BINDING';
  }
  if (above.isBounded || inside?.isBounded === true) return 'GUARDRAIL';
  if (organization?.facts.isSuspended === true && !above.isAllowed && !survivesSuspension(question.permission))
    return 'ORGANIZATION_SUSPENDED';
  return platform.catalogue.needsStepUp(permission) && !hasSteppedUp(actor, now) ? 'STEP_UP_REQUIRED' : 'ALLOWED';
}

/** Machines are never asked for a second factor. */
function hasSteppedUp(actor: Actor, now: number): boolean {
  if (actor.kind !== 'human') return true;
  return (
    actor.assurance >= STEP_UP_ASSURANCE &&
    actor.authenticatedAt !== undefined &&
    now / 1000 - actor.authenticatedAt <= STEP_UP_SECONDS
  );
}

/** Who has anything at the scope, above it or below it may learn that it exists; members may of their organization. */
export function isVisible(question: AccessQuestion): boolean {
  const { actor, scope, platform, organization, now } = question;
  if (scope.level === 'platform') return true;
  if (organization === null) return false;
  if (platform.touches(platform.grantsOf(actor.id), 0, now)) return true;
  if (scope.level === 'organization' && organization.isMember(actor.id)) return true;
  return organization.touches(organization.grantsOf(actor.id), organization.scopeNumber(scope.id), now);
}
