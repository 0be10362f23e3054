import { Field, ID, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { Node } from '../../../../kernel/graphql/shared-types.js';
import { organizationLifecycle } from '../domain/organization-lifecycle.js';
import type { DepartmentRecord, OrganizationRecord } from '../store/hierarchy-queries.js';
import { OrganizationAction, OrganizationStateEnum, OrganizationType } from './access-enums.js';

@ObjectType({
  implements: Node,
  description: 'A customer: owns projects, members, money and everything that runs for it.',
})
@Key()
@Tag('public')
export class Organization extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `org`.' })
  override id!: string;
  @Field(() => OrganizationType, { description: 'What kind of customer it is.' })
  type!: string;
  @Field(() => String, { description: 'Its name, for people.' })
  name!: string;
  @Field(() => String, { description: 'Its name in addresses; unique and lasting.' })
  slug!: string;
  @Field(() => OrganizationStateEnum, { description: 'Where it stands.' })
  state!: string;
  @Field(() => String, { nullable: true, description: 'Why it went to this state.' })
  stateReason!: string | null;
  @Field(() => DateTime, { description: 'When it went to this state.' })
  stateChangedAt!: Date;
  @Field(() => [OrganizationAction], { description: 'What can be done with it now, given the right to.' })
  availableActions!: string[];
  @Field(() => DateTime, { description: 'When it was created.' })
  createdAt!: Date;
}

export const OrganizationConnection = connectionType('Organization', () => Organization);

export function toOrganization(row: OrganizationRecord): Organization {
  return { ...row, availableActions: [...organizationLifecycle.available(row.state)] };
}

@ObjectType({
  implements: Node,
  description: 'A part of an organization that projects belong to. Every organization has a default one.',
})
@Key()
@Tag('public')
export class Department extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `dep`.' })
  override id!: string;
  @Field(() => String, { description: 'Its name, for people.' })
  name!: string;
  @Field(() => String, { description: 'Its name in addresses; unique in the organization.' })
  slug!: string;
  @Field(() => Boolean, { description: 'Whether projects go here that name no department.' })
  isDefault!: boolean;
  @Field(() => DateTime, { description: 'When it was created.' })
  createdAt!: Date;
  /** Not in the schema: resolved to `organization`. */
  organizationId!: string;
}

export const DepartmentConnection = connectionType('Department', () => Department);

export function toDepartment(row: DepartmentRecord): Department {
  return { ...row };
}
