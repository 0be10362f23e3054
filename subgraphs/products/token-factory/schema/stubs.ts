import { Field, ID, ObjectType } from 'type-graphql';
import { Key } from '../../../../kernel/federation/directives.js';

/** Entities of other domains, by their key: we add fields to them, or lead to them. */
@ObjectType('Project', { description: 'A project; IAM owns it.' })
@Key()
export class ProjectStub {
  @Field(() => ID, { description: 'TypeID with the prefix `prj`.' })
  id!: string;
}

@ObjectType('Organization', { description: 'An organization; IAM owns it.' })
@Key('id', { isResolvable: false })
export class OrganizationStub {
  @Field(() => ID, { description: 'TypeID with the prefix `org`.' })
  id!: string;
}

@ObjectType('ApiKey', { description: 'An API key; IAM owns it.' })
@Key('id', { isResolvable: false })
export class ApiKeyStub {
  @Field(() => ID, { description: 'TypeID with the prefix `apk`.' })
  id!: string;
}

@ObjectType('AppInstance', { description: 'A running app; Apps owns it.' })
@Key()
export class AppInstanceStub {
  @Field(() => ID, { description: 'TypeID with the prefix `ain`.' })
  id!: string;
}
