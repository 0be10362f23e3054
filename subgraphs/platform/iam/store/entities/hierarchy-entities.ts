import { defineEntity, p } from '@mikro-orm/core';
import type { OrganizationState } from '../../domain/organization-lifecycle.js';
import type { ProjectState } from '../../domain/project-lifecycle.js';

export const OrganizationEntity = defineEntity({
  name: 'Organization',
  tableName: 'organizations',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    type: p.text().$type<'personal' | 'enterprise'>(),
    name: p.text(),
    slug: p.text(),
    state: p.text().$type<OrganizationState>(),
    stateReason: p.text().nullable(),
    stateChangedAt: p.datetime(),
    createdAt: p.datetime(),
    createdBy: p.text(),
    version: p.integer().version(),
  },
});

export const DepartmentEntity = defineEntity({
  name: 'Department',
  tableName: 'departments',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    name: p.text(),
    slug: p.text(),
    isDefault: p.boolean(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});

export const ProjectEntity = defineEntity({
  name: 'Project',
  tableName: 'projects',
  schema: 'iam',
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    departmentId: p.text(),
    name: p.text(),
    slug: p.text(),
    state: p.text().$type<ProjectState>(),
    stateReason: p.text().nullable(),
    stateChangedAt: p.datetime(),
    createdAt: p.datetime(),
    createdBy: p.text(),
    version: p.integer().version(),
  },
});
