import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { Tag } from '../../../../kernel/federation/directives.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload } from '../../../../kernel/graphql/shared-types.js';
import { OrganizationType } from './access-enums.js';
import { Department, Organization } from './organization-type.js';
import { Project } from './project-type.js';
import { User } from './user-type.js';

export const KEY = 'One per logical mutation; a replay answers with the first result.';

@InputType({ description: 'What an organization is created with. Its default department comes with it.' })
export class OrganizationCreateInput {
  @Field(() => String, { description: 'Its name, in 2 to 120 characters.' })
  name!: string;
  @Field(() => String, { nullable: true, description: 'Its name in addresses; made from the name when absent.' })
  slug?: string;
  @Field(() => OrganizationType, {
    nullable: true,
    description: 'What kind of customer it is; `ENTERPRISE` when absent.',
  })
  type?: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'A new name for an organization.' })
export class OrganizationRenameInput {
  @Field(() => ID, { description: 'The organization.' })
  id!: string;
  @Field(() => String, { description: 'Its name, in 2 to 120 characters.' })
  name!: string;
}

@InputType({ description: 'Moves an organization to another state.' })
export class OrganizationMoveInput {
  @Field(() => ID, { description: 'The organization.' })
  id!: string;
  @Field(() => String, { description: 'Why, for those who read it later.' })
  reason!: string;
}

@InputType({ description: 'What a department is created with.' })
export class DepartmentCreateInput {
  @Field(() => ID, { description: 'The organization, by its TypeID (`org_…`).' })
  organizationId!: string;
  @Field(() => String, { description: 'Its name, in 2 to 120 characters.' })
  name!: string;
  @Field(() => String, { nullable: true, description: 'Its name in addresses; made from the name when absent.' })
  slug?: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'A new name for a department.' })
export class DepartmentRenameInput {
  @Field(() => ID, { description: 'The department.' })
  id!: string;
  @Field(() => String, { description: 'Its name, in 2 to 120 characters.' })
  name!: string;
}

@InputType({ description: 'What a project is created with.' })
export class ProjectCreateInput {
  @Field(() => ID, { description: 'The organization, by its TypeID (`org_…`).' })
  organizationId!: string;
  @Field(() => ID, { nullable: true, description: 'The department; the default one when absent.' })
  departmentId?: string;
  @Field(() => String, { description: 'Its name, in 2 to 120 characters.' })
  name!: string;
  @Field(() => String, { nullable: true, description: 'Its name in addresses; made from the name when absent.' })
  slug?: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'A new name for a project.' })
export class ProjectRenameInput {
  @Field(() => ID, { description: 'The project.' })
  id!: string;
  @Field(() => String, { description: 'Its name, in 2 to 120 characters.' })
  name!: string;
}

@InputType({ description: 'Moves a project to another state.' })
export class ProjectMoveInput {
  @Field(() => ID, { description: 'The project.' })
  id!: string;
  @Field(() => String, { description: 'Why, for those who read it later.' })
  reason!: string;
}

@InputType({
  description:
    'Who becomes a member, and with which roles. Name the person by subject, or by e-mail if it signed in before.',
})
export class MemberInviteInput {
  @Field(() => ID, { description: 'The organization, or a department or project of it: where the roles are bound.' })
  scopeId!: string;
  @Field(() => String, {
    nullable: true,
    description: 'Who it is at the identity provider (OIDC `sub`); it need not have signed in yet.',
  })
  subject?: string;
  @Field(() => String, {
    nullable: true,
    description: 'The identity provider (OIDC `iss`); the configured one when absent.',
  })
  issuer?: string;
  @Field(() => String, { nullable: true, description: 'E-mail address.' })
  email?: string;
  @Field(() => String, { nullable: true, description: 'Name to show until the person signs in.' })
  displayName?: string;
  @Field(() => [String], {
    nullable: true,
    description: 'Roles to bind at the scope: names of built-in ones, or identifiers.',
  })
  roles?: string[];
  @Field(() => DateTime, { nullable: true, description: 'When these roles end by themselves.' })
  expiresAt?: Date;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'Who is a member no longer.' })
export class MemberRemoveInput {
  @Field(() => ID, { description: 'The organization, by its TypeID (`org_…`).' })
  organizationId!: string;
  @Field(() => ID, { description: 'The person.' })
  userId!: string;
}

@InputType({ description: 'Who is disabled everywhere, and why.' })
export class UserDisableInput {
  @Field(() => ID, { description: 'The person.' })
  id!: string;
  @Field(() => String, { description: 'Why, for those who read it later.' })
  reason!: string;
}

@InputType({ description: 'Who is enabled again.' })
export class UserEnableInput {
  @Field(() => ID, { description: 'The person.' })
  id!: string;
}

@ObjectType({ description: 'Answer to a mutation of an organization.' })
@Tag('public')
export class OrganizationPayload extends MutationPayload {
  @Field(() => Organization, { nullable: true, description: 'The organization; null when nothing was done.' })
  organization!: Organization | null;
}

@ObjectType({ description: 'Answer to a mutation of a department.' })
@Tag('public')
export class DepartmentPayload extends MutationPayload {
  @Field(() => Department, { nullable: true, description: 'The department; null when nothing was done.' })
  department!: Department | null;
}

@ObjectType({ description: 'Answer to a mutation of a project.' })
@Tag('public')
export class ProjectPayload extends MutationPayload {
  @Field(() => Project, { nullable: true, description: 'The project; null when nothing was done.' })
  project!: Project | null;
}

@ObjectType({ description: 'Answer to a mutation of a person or its membership.' })
@Tag('public')
export class UserPayload extends MutationPayload {
  @Field(() => User, {
    nullable: true,
    description: 'The person; null when nothing was done, or when the caller may not see it.',
  })
  user!: User | null;
}
