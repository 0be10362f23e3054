import { Field, ID, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';

/** Entities of other domains, by their key: we add fields to them, or lead to them. The owner describes them. */
@ObjectType('Project')
@Tag('public')
@Key()
export class ProjectStub {
  @Field(() => ID)
  id!: string;
}

@ObjectType('Organization')
@Tag('public')
@Key('id', { isResolvable: false })
export class OrganizationStub {
  @Field(() => ID)
  id!: string;
}

@ObjectType('ApiKey')
@Tag('public')
@Key('id', { isResolvable: false })
export class ApiKeyStub {
  @Field(() => ID)
  id!: string;
}

@ObjectType('AppInstance')
@Tag('public')
@Key()
export class AppInstanceStub {
  @Field(() => ID)
  id!: string;
}
