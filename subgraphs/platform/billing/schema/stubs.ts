import { Field, ID, ObjectType } from 'type-graphql';
import { Key } from '../../../../kernel/federation/directives.js';

/** Entities of other domains that billing adds fields to: all it has of them is their identifier. */
@ObjectType()
abstract class EntityStub {
  @Field(() => ID, { description: 'Identifier of the entity; its own subgraph answers the rest.' })
  id!: string;
}

@ObjectType('Organization', { description: 'An organization; billing adds its account.' })
@Key()
export class OrganizationStub extends EntityStub {}

@ObjectType('Project', { description: 'A project; billing adds what it spends.' })
@Key()
export class ProjectStub extends EntityStub {}

@ObjectType('Allocation', { description: 'An allocation; billing adds its price, spend and charges.' })
@Key()
export class AllocationStub extends EntityStub {}

@ObjectType('AppInstance', { description: 'An app instance; billing adds its spend and charges.' })
@Key()
export class AppInstanceStub extends EntityStub {}

@ObjectType('ModelRoute', { description: 'A model route; billing adds what its requests cost.' })
@Key()
export class ModelRouteStub extends EntityStub {}
