import { defineEntity, p } from '@mikro-orm/core';
import type { BindingEffect } from '../../domain/access/access-facts.js';
import type { ScopeLevel } from '../../domain/access/built-in-roles.js';
import type { PolicyPrimitive } from '../../domain/policy-bounds.js';

export const GroupEntity = defineEntity({
  name: 'Group',
  tableName: 'groups',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    organizationId: p.text().nullable(),
    name: p.text(),
    description: p.text(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const RoleEntity = defineEntity({
  name: 'Role',
  tableName: 'roles',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    name: p.text(),
    title: p.text(),
    description: p.text(),
    permissions: p.array(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

export type PrincipalType = 'human' | 'service_account' | 'group' | 'everyone';

export const RoleBindingEntity = defineEntity({
  name: 'RoleBinding',
  tableName: 'role_bindings',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    organizationId: p.text().nullable(),
    scopeLevel: p.text().$type<ScopeLevel>(),
    scopeId: p.text(),
    principalType: p.text().$type<PrincipalType>(),
    principalId: p.text(),
    roleId: p.text(),
    effect: p.text().$type<BindingEffect>(),
    expiresAt: p.datetime().nullable(),
    reason: p.text().nullable(),
    createdAt: p.datetime(),
    createdBy: p.text(),
    revokedAt: p.datetime().nullable(),
    revokedBy: p.text().nullable(),
    version: p.integer().version(),
  },
});

export const PolicyValueEntity = defineEntity({
  name: 'PolicyValue',
  tableName: 'policy_values',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    organizationId: p.text().nullable(),
    scopeLevel: p.text().$type<ScopeLevel>(),
    scopeId: p.text(),
    key: p.text(),
    value: p.json<PolicyPrimitive>(),
    minimum: p.double().nullable(),
    maximum: p.double().nullable(),
    allowedValues: p.array().nullable(),
    isDenied: p.boolean(),
    changedAt: p.datetime(),
    changedBy: p.text(),
    version: p.integer().version(),
  },
});
