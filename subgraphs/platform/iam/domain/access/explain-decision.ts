import { BUILT_IN_ROLES } from './built-in-roles.js';
import { type AccessQuestion, type DecisionReason, STEP_UP_SECONDS } from './decide-access.js';
import { hasNumber } from './permission-set.js';

export interface Explanation {
  /** One sentence, safe to show, that says what would help. */
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

const HELD_AT_MAX = 3;

/**
 * Says why, and what would help. Only what the caller may know: its own bindings, and the names of built-in roles, which
 * are the same everywhere; nothing about other people or hidden scopes.
 */
export function explainDecision(question: AccessQuestion, reason: DecisionReason): Explanation {
  const { permission, scope } = question;
  const facts = { missing: { permission, level: scope.level, id: scope.id }, ...detail(question, reason) };
  return { message: messageOf(question, reason), facts };
}

function messageOf(question: AccessQuestion, reason: DecisionReason): string {
  const { permission, scope, actor } = question;
  const need = `${permission} on this ${scope.level}`;
  switch (reason) {
    case 'ALLOWED':
      return '';
    case 'NO_BINDING': {
      const roles = rolesThatHelp(question);
      if (question.platform.catalogue.index.numberOf(permission) < 0)
        return `${permission} is not a registered permission; nobody holds it.`;
      return roles.length === 0
        ? `You need ${need}.`
        : `You need ${need}; one of these roles would give it: ${roles.join(', ')}.`;
    }
    case 'EXPIRED_BINDING':
      return `You had ${need}, but the binding has expired; ask for a new one.`;
    case 'DENIED':
      return `A deny binding takes ${need} away from you, whatever else you hold; an administrator can revoke it.`;
    case 'GUARDRAIL':
      return `A guardrail of this ${scope.level}, or above it, does not let anybody have ${permission}; whoever set it can widen it.`;
    case 'PROJECT_BOUNDARY':
      return `This credential is bound to the project ${actor.projectId ?? ''} and reaches nothing outside of it; use one of the other project.`;
    case 'ALLOW_LIST':
      return `The allow-list of this credential does not contain ${permission}; use another credential or widen its list.`;
    case 'STEP_UP_REQUIRED':
      return `${permission} needs a sign-in with a second factor within the last ${STEP_UP_SECONDS / 60} minutes; sign in again.`;
    case 'REVOKED':
      return 'This principal was disabled or deleted; nothing it held counts any more.';
    case 'ORGANIZATION_SUSPENDED':
      return 'The organization is suspended: it can be read, and what runs can be ended, but nothing else. Ask the operator.';
    case 'STALE_DATA':
      return 'Access data could not be brought up to date, so the answer is no; try again shortly.';
  }
}

function detail(question: AccessQuestion, reason: DecisionReason): Record<string, unknown> {
  switch (reason) {
    case 'NO_BINDING':
      return { rolesThatHelp: rolesThatHelp(question), heldAt: heldAt(question) };
    case 'EXPIRED_BINDING':
      return { expired: ownBindings(question, (expiresAt) => expiresAt !== null && expiresAt <= question.now) };
    case 'STEP_UP_REQUIRED':
      return { stepUp: { acrValues: ['https://refeds.org/profile/mfa'], maxAgeSeconds: STEP_UP_SECONDS } };
    case 'ALLOWED':
      return { grantedBy: ownBindings(question, (expiresAt) => expiresAt === null || expiresAt > question.now) };
    default:
      return {};
  }
}

/** Built-in roles that can be bound at the scope or above it, and hold the permission; the smallest first. */
function rolesThatHelp({ platform, permission, scope }: AccessQuestion): string[] {
  const { catalogue } = platform;
  const number = catalogue.index.numberOf(permission);
  return BUILT_IN_ROLES.filter((role) =>
    scope.level === 'platform' ? role.levels.includes('platform') : !role.levels.includes('platform'),
  )
    .filter((role) => hasNumber(catalogue.builtInBits(role.id) ?? catalogue.index.none(), number))
    .map((role) => role.name)
    .reverse()
    .slice(0, HELD_AT_MAX);
}

/** The nearest miss: other scopes of the same organization where the caller holds it. */
function heldAt({ platform, organization, actor, permission, now }: AccessQuestion): { level: string; id: string }[] {
  if (organization === null) return [];
  const number = platform.catalogue.index.numberOf(permission);
  const grants = organization.grantsOf(actor.id);
  const scopes = [
    ...grants.allow.keys(),
    ...grants.timed.filter((grant) => !grant.isDeny && grant.expiresAt > now).map((grant) => grant.scope),
  ];
  return [...new Set(scopes)]
    .filter((scope) => organization.standing(grants, number, scope, now).isAllowed)
    .map((scope) => organization.facts.scopes[scope])
    .filter((scope) => scope !== undefined)
    .slice(0, HELD_AT_MAX)
    .map((scope) => ({ level: scope.level, id: scope.id }));
}

function ownBindings(
  question: AccessQuestion,
  isWanted: (expiresAt: number | null) => boolean,
): { bindingId: string; scopeId: string; roleId: string }[] {
  const { platform, organization, actor, scope } = question;
  const number = platform.catalogue.index.numberOf(question.permission);
  const found = [
    ...platform.bindingsThatHold(actor.id, number, 0),
    ...(organization?.bindingsThatHold(actor.id, number, organization.scopeNumber(scope.id)) ?? []),
  ];
  return found
    .filter((binding) => binding.effect === 'allow' && isWanted(binding.expiresAt))
    .slice(0, HELD_AT_MAX)
    .map((binding) => ({ bindingId: binding.id, scopeId: binding.scopeId, roleId: binding.roleId }));
}
