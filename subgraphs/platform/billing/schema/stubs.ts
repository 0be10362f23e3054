import { Field, ID, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';

/**
 * Entities of other domains that billing adds fields to: all it has of them is their identifier.
 * Stubs bear no descriptions: in the composed graph the text of the owner counts.
 */
@ObjectType()
abstract class EntityStub {
  @Field(() => ID)
  id!: string;
}

@ObjectType('Organization')
@Tag('public')
@Key()
export class OrganizationStub extends EntityStub {}

@ObjectType('Project')
@Tag('public')
@Key()
export class ProjectStub extends EntityStub {}

@ObjectType('Allocation')
@Tag('public')
@Key()
export class AllocationStub extends EntityStub {}

@ObjectType('AppInstance')
@Tag('public')
@Key()
export class AppInstanceStub extends EntityStub {}

@ObjectType('ModelRoute')
@Tag('public')
@Key()
export class ModelRouteStub extends EntityStub {}
