import { registerEnumType } from 'type-graphql';

export enum OrganizationType {
  PERSONAL = 'personal',
  ENTERPRISE = 'enterprise',
}
registerEnumType(OrganizationType, {
  name: 'OrganizationType',
  description: 'What kind of customer an organization is.',
  valuesConfig: { PERSONAL: { description: 'One person.' }, ENTERPRISE: { description: 'A company or institution.' } },
});

export enum OrganizationStateEnum {
  ACTIVE = 'active',
  SUSPENDED = 'suspended',
  CLOSED = 'closed',
}
registerEnumType(OrganizationStateEnum, {
  name: 'OrganizationState',
  description: 'Where an organization stands.',
  valuesConfig: {
    ACTIVE: { description: 'In use.' },
    SUSPENDED: { description: 'Can be read, and what runs can be ended; nothing else.' },
    CLOSED: { description: 'Closed for ever; kept for its records.' },
  },
});

export enum OrganizationAction {
  SUSPEND = 'suspend',
  REINSTATE = 'reinstate',
  CLOSE = 'close',
}
registerEnumType(OrganizationAction, {
  name: 'OrganizationAction',
  description: 'What can be done with an organization.',
  valuesConfig: {
    SUSPEND: { description: 'Stop everything new.' },
    REINSTATE: { description: 'End a suspension.' },
    CLOSE: { description: 'End it for ever; its projects must be archived.' },
  },
});

export enum ProjectStateEnum {
  ACTIVE = 'active',
  ARCHIVED = 'archived',
}
registerEnumType(ProjectStateEnum, {
  name: 'ProjectState',
  description: 'Where a project stands.',
  valuesConfig: { ACTIVE: { description: 'In use.' }, ARCHIVED: { description: 'Nothing new may start in it.' } },
});

export enum ProjectAction {
  ARCHIVE = 'archive',
  RESTORE = 'restore',
}
registerEnumType(ProjectAction, {
  name: 'ProjectAction',
  description: 'What can be done with a project.',
  valuesConfig: {
    ARCHIVE: { description: 'Put it away; nothing may be running.' },
    RESTORE: { description: 'Take it into use again.' },
  },
});

export enum ScopeLevelEnum {
  PLATFORM = 'platform',
  ORGANIZATION = 'organization',
  DEPARTMENT = 'department',
  PROJECT = 'project',
}
registerEnumType(ScopeLevelEnum, {
  name: 'AccessScopeLevel',
  description: 'A level of the hierarchy at which roles are bound and policies set.',
  valuesConfig: {
    PLATFORM: { description: 'The whole platform.' },
    ORGANIZATION: { description: 'One organization.' },
    DEPARTMENT: { description: 'One department of an organization.' },
    PROJECT: { description: 'One project.' },
  },
});

export enum QuotaLevel {
  ORGANIZATION = 'organization',
  DEPARTMENT = 'department',
  PROJECT = 'project',
  PRINCIPAL = 'principal',
}
registerEnumType(QuotaLevel, {
  name: 'QuotaLevel',
  description: 'A level of the quota tree.',
  valuesConfig: {
    ORGANIZATION: { description: 'Everything in an organization.' },
    DEPARTMENT: { description: 'Everything in a department.' },
    PROJECT: { description: 'Everything in a project.' },
    PRINCIPAL: { description: 'What one person or service account uses in one project.' },
  },
});

export enum BindingEffectEnum {
  ALLOW = 'allow',
  DENY = 'deny',
  GUARDRAIL = 'guardrail',
}
registerEnumType(BindingEffectEnum, {
  name: 'RoleBindingEffect',
  description: 'What a role binding does with the permissions of its role.',
  valuesConfig: {
    ALLOW: { description: 'Gives them to the principal, at the scope and below.' },
    DENY: { description: 'Takes them from the principal, at the scope and below, whatever else it holds.' },
    GUARDRAIL: { description: 'Makes them the most that anybody can have, at the scope and below.' },
  },
});

export enum PrincipalTypeEnum {
  HUMAN = 'human',
  SERVICE_ACCOUNT = 'service_account',
  GROUP = 'group',
  EVERYONE = 'everyone',
}
registerEnumType(PrincipalTypeEnum, {
  name: 'PrincipalType',
  description: 'Who a role is bound to.',
  valuesConfig: {
    HUMAN: { description: 'A person.' },
    SERVICE_ACCOUNT: { description: 'A machine of one project.' },
    GROUP: { description: 'All members of a group.' },
    EVERYONE: { description: 'Whoever acts: guardrails only.' },
  },
});
