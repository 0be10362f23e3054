import { z } from 'zod';
import { type EventType, defineEvent } from '../../../../kernel/events/event-type.js';

const named = z.object({ name: z.string(), slug: z.string() });
const moved = z.object({ from: z.string(), to: z.string(), reason: z.string().nullable() });

export const organizationCreated = defineEvent({
  type: 'iam.organization.created',
  subjectType: 'Organization',
  description: 'An organization was created, with its default department.',
  data: named.extend({ organizationType: z.string(), departmentId: z.string() }),
});
export const organizationRenamed = defineEvent({
  type: 'iam.organization.renamed',
  subjectType: 'Organization',
  description: 'An organization has a new name.',
  data: named,
});
export const organizationMoved = defineEvent({
  type: 'iam.organization.state_changed',
  subjectType: 'Organization',
  description: 'An organization was suspended, reinstated or closed.',
  data: moved,
});
export const departmentCreated = defineEvent({
  type: 'iam.department.created',
  subjectType: 'Department',
  description: 'A department was created.',
  data: named,
});
export const departmentRenamed = defineEvent({
  type: 'iam.department.renamed',
  subjectType: 'Department',
  description: 'A department has a new name.',
  data: named,
});
export const projectCreated = defineEvent({
  type: 'iam.project.created',
  subjectType: 'Project',
  description: 'A project was created.',
  data: named.extend({ departmentId: z.string() }),
});
export const projectRenamed = defineEvent({
  type: 'iam.project.renamed',
  subjectType: 'Project',
  description: 'A project has a new name.',
  data: named,
});
export const projectMoved = defineEvent({
  type: 'iam.project.state_changed',
  subjectType: 'Project',
  description: 'A project was archived or restored.',
  data: moved,
});
export const memberJoined = defineEvent({
  type: 'iam.member.joined',
  subjectType: 'User',
  description: 'A person became a member of an organization.',
  data: z.object({ organizationId: z.string(), isPreCreated: z.boolean() }),
});
export const memberRemoved = defineEvent({
  type: 'iam.member.removed',
  subjectType: 'User',
  description: 'A person is no longer a member of an organization; its bindings there ended.',
  data: z.object({ organizationId: z.string(), revokedBindings: z.int() }),
});
export const userDisabled = defineEvent({
  type: 'iam.user.disabled',
  subjectType: 'User',
  description: 'A person was disabled: nothing they hold counts.',
  data: z.object({ reason: z.string() }),
});
export const userEnabled = defineEvent({
  type: 'iam.user.enabled',
  subjectType: 'User',
  description: 'A disabled person was enabled again.',
  data: z.object({}),
});
export const groupCreated = defineEvent({
  type: 'iam.group.created',
  subjectType: 'Group',
  description: 'A group was created.',
  data: z.object({ name: z.string() }),
});
export const groupDeleted = defineEvent({
  type: 'iam.group.deleted',
  subjectType: 'Group',
  description: 'A group was deleted; its bindings ended.',
  data: z.object({ name: z.string(), revokedBindings: z.int() }),
});
export const groupMembersChanged = defineEvent({
  type: 'iam.group.members_changed',
  subjectType: 'Group',
  description: 'A principal was added to a group or removed from it.',
  data: z.object({ added: z.array(z.string()), removed: z.array(z.string()) }),
});
export const roleCreated = defineEvent({
  type: 'iam.role.created',
  subjectType: 'Role',
  description: 'An organization made a role of its own.',
  data: z.object({ name: z.string(), permissions: z.array(z.string()) }),
});
export const roleUpdated = defineEvent({
  type: 'iam.role.updated',
  subjectType: 'Role',
  description: 'The permissions or words of a role changed.',
  data: z.object({ added: z.array(z.string()), removed: z.array(z.string()) }),
});
export const roleDeleted = defineEvent({
  type: 'iam.role.deleted',
  subjectType: 'Role',
  description: 'A role was deleted.',
  data: z.object({ name: z.string() }),
});
const binding = z.object({
  principalId: z.string(),
  principalType: z.string(),
  roleId: z.string(),
  scopeLevel: z.string(),
  scopeId: z.string(),
  effect: z.string(),
  expiresAt: z.string().nullable(),
});
export const roleBindingCreated = defineEvent({
  type: 'iam.role_binding.created',
  subjectType: 'RoleBinding',
  description: 'A role was bound to a principal at a scope.',
  data: binding,
});
export const roleBindingRevoked = defineEvent({
  type: 'iam.role_binding.revoked',
  subjectType: 'RoleBinding',
  description: 'A role binding ended by hand.',
  data: binding,
});
export const quotaChanged = defineEvent({
  type: 'iam.quota.changed',
  subjectType: 'Quota',
  description: 'The limit of a quota changed; null means no limit of its own.',
  data: z.object({
    scopeLevel: z.string(),
    scopeId: z.string(),
    dimension: z.string(),
    from: z.string().nullable(),
    to: z.string().nullable(),
  }),
});
export const policyChanged = defineEvent({
  type: 'iam.policy.changed',
  subjectType: 'PolicyValue',
  description: 'A policy value was set at a scope.',
  data: z.object({ key: z.string(), scopeLevel: z.string(), scopeId: z.string(), isDenied: z.boolean() }),
});
export const policyCleared = defineEvent({
  type: 'iam.policy.cleared',
  subjectType: 'PolicyValue',
  description: 'A policy value was removed from a scope.',
  data: z.object({ key: z.string(), scopeLevel: z.string(), scopeId: z.string() }),
});

export const ACCESS_EVENTS: readonly EventType[] = [
  organizationCreated,
  organizationRenamed,
  organizationMoved,
  departmentCreated,
  departmentRenamed,
  projectCreated,
  projectRenamed,
  projectMoved,
  memberJoined,
  memberRemoved,
  userDisabled,
  userEnabled,
  groupCreated,
  groupDeleted,
  groupMembersChanged,
  roleCreated,
  roleUpdated,
  roleDeleted,
  roleBindingCreated,
  roleBindingRevoked,
  quotaChanged,
  policyChanged,
  policyCleared,
];
