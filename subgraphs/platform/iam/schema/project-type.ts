import { Field, ID, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { Node } from '../../../../kernel/graphql/shared-types.js';
import { projectLifecycle } from '../domain/project-lifecycle.js';
import type { ProjectRecord } from '../store/hierarchy-queries.js';
import {
  BindingEffectEnum,
  PrincipalTypeEnum,
  ProjectAction,
  ProjectStateEnum,
  ScopeLevelEnum,
} from './access-enums.js';

@ObjectType({
  implements: Node,
  description: 'Where work happens: resources, credentials and quota belong to a project.',
})
@Key()
@Tag('public')
export class Project extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `prj`.' })
  override id!: string;
  @Field(() => String, { description: 'Its name, for people.' })
  name!: string;
  @Field(() => String, { description: 'Its name in addresses; unique in the organization.' })
  slug!: string;
  @Field(() => ProjectStateEnum, { description: 'Where it stands.' })
  state!: string;
  @Field(() => String, { nullable: true, description: 'Why it went to this state.' })
  stateReason!: string | null;
  @Field(() => DateTime, { description: 'When it went to this state.' })
  stateChangedAt!: Date;
  @Field(() => [ProjectAction], { description: 'What can be done with it now, given the right to.' })
  availableActions!: string[];
  @Field(() => DateTime, { description: 'When it was created.' })
  createdAt!: Date;
  /** Not in the schema: resolved to `organization` and `department`. */
  organizationId!: string;
  departmentId!: string;
}

export const ProjectConnection = connectionType('Project', () => Project);

export function toProject(row: ProjectRecord): Project {
  return { ...row, availableActions: [...projectLifecycle.available(row.state)] };
}

@ObjectType({ description: 'A role binding that counts at a project: bound there, or inherited from above.' })
@Tag('public')
export class EffectiveGrant {
  @Field(() => ID, { description: 'The role binding.' })
  bindingId!: string;
  @Field(() => ID, { description: 'The user, service account or group; `everyone` for a guardrail.' })
  principalId!: string;
  @Field(() => PrincipalTypeEnum, { description: 'What the principal is.' })
  principalType!: string;
  @Field(() => ID, { description: 'The role that grants it: a built-in name or the TypeID of a custom role.' })
  roleId!: string;
  @Field(() => String, { nullable: true, description: 'Name of the role, when it is a built-in one.' })
  roleName!: string | null;
  @Field(() => BindingEffectEnum, { description: 'Whether it gives, takes or limits.' })
  effect!: string;
  @Field(() => ScopeLevelEnum, { description: 'The level at which it is bound.' })
  scopeLevel!: string;
  @Field(() => ID, { description: 'The scope at which it is bound; `platform` for the platform.' })
  scopeId!: string;
  @Field(() => Boolean, { description: 'Whether it comes from above the project.' })
  isInherited!: boolean;
  @Field(() => DateTime, { nullable: true, description: 'When it ends by itself.' })
  expiresAt!: Date | null;
}
