import { Field, ID, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { Node } from '../../../../kernel/graphql/shared-types.js';
import type { GroupRecord, RoleRecord, UserRecord } from '../store/principal-queries.js';

@ObjectType({
  implements: Node,
  description: 'A person. The identity provider says who it is; organizations say what it may do.',
})
@Key()
@Tag('public')
export class User extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `usr`.' })
  override id!: string;
  @Field(() => String, { nullable: true, description: 'E-mail address; an attribute, not an identity.' })
  email!: string | null;
  @Field(() => String, { description: 'Name, for people.' })
  displayName!: string;
  @Field(() => String, { description: 'The identity provider that knows the person (OIDC `iss`).' })
  oidcIssuer!: string;
  @Field(() => String, { description: 'Who it is there (OIDC `sub`).' })
  oidcSubject!: string;
  @Field(() => Boolean, { description: 'Whether an operator disabled it: nothing it holds counts.' })
  isDisabled!: boolean;
  @Field(() => DateTime, {
    nullable: true,
    description: 'When it first signed in; null for one who was invited and did not yet.',
  })
  firstSignedInAt!: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'When it last signed in.' })
  lastSignedInAt!: Date | null;
  @Field(() => DateTime, { description: 'When the platform first heard of it.' })
  createdAt!: Date;
}

export const UserConnection = connectionType('User', () => User);

export function toUser(row: UserRecord): User {
  return { ...row };
}

@ObjectType({
  implements: Node,
  description: 'People, service accounts and other groups that roles are bound to together.',
})
@Key()
@Tag('public')
export class Group extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `grp`.' })
  override id!: string;
  @Field(() => String, { description: 'Its name; unique in the organization.' })
  name!: string;
  @Field(() => String, { description: 'What it is for.' })
  description!: string;
  @Field(() => [ID], { description: 'Identifiers of its members: `usr_…`, `sva_…` or `grp_…`.' })
  memberIds!: string[];
  @Field(() => DateTime, { description: 'When it was created.' })
  createdAt!: Date;
  /** Not in the schema: resolved to `organization`. */
  organizationId!: string | null;
}

export const GroupConnection = connectionType('Group', () => Group);

export function toGroup(row: GroupRecord): Group {
  return { ...row, memberIds: [...(row.memberIds ?? [])] };
}

@ObjectType({ implements: Node, description: 'A named set of permissions: built in, or made by an organization.' })
@Key()
@Tag('public')
export class Role extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `rol`; of built-in roles the same in every deployment.' })
  override id!: string;
  @Field(() => String, { description: 'Name for bindings, such as `project_member`.' })
  name!: string;
  @Field(() => String, { description: 'Name, for people.' })
  title!: string;
  @Field(() => String, { description: 'What it is for.' })
  description!: string;
  @Field(() => [String], { description: 'Permissions, `<domain>.<resource>.<verb>`.' })
  permissions!: string[];
  @Field(() => Boolean, { description: 'Whether it is built in: defined by what products register, the same for all.' })
  isBuiltIn!: boolean;
  /** Not in the schema: resolved to `organization`. */
  organizationId!: string | null;
}

export const RoleConnection = connectionType('Role', () => Role);

export function toRole(row: RoleRecord): Role {
  return { ...row, permissions: [...row.permissions] };
}
