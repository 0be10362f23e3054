import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Tag } from '../../../../kernel/federation/directives.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import { MutationPayload } from '../../../../kernel/graphql/shared-types.js';
import type { RouteState } from '../domain/route-lifecycle.js';
import { ModelRouteStateEnum } from './enums.js';
import { ModelPolicy, ModelRoute } from './route-types.js';

const KEY = { nullable: true, description: 'One per logical mutation; a replay answers with the first result.' };

@ArgsType()
export class ModelEndpointsArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only endpoints of this model.' })
  modelId?: string;
}

@ArgsType()
export class ModelRoutesArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only routes of this organization and its projects.' })
  organizationId?: string;
  @Field(() => ID, { nullable: true, description: 'Only routes of this project.' })
  projectId?: string;
  @Field(() => ModelRouteStateEnum, { nullable: true, description: 'Only routes in this state.' })
  state?: RouteState;
}

@ArgsType()
export class ModelPoliciesArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only policies of this project.' })
  projectId?: string;
}

@ArgsType()
export class ModelRequestsArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only requests of this project.' })
  projectId?: string;
  @Field(() => ID, { nullable: true, description: 'Only requests through this route.' })
  routeId?: string;
}

@InputType({ description: 'Where a route leads: either an endpoint, or every ready endpoint of a model.' })
export class ModelRouteTargetInput {
  @Field(() => ID, { nullable: true, description: 'Where its share of requests goes, by TypeID.' })
  endpointId?: string;
  @Field(() => ID, {
    nullable: true,
    description: 'Every ready endpoint of this model: app instances of the project join and leave by themselves.',
  })
  modelId?: string;
  @Field(() => Int, { nullable: true, description: 'Lower tiers are tried first; 0 (the default) to 9.' })
  tier?: number;
  @Field(() => Int, { nullable: true, description: 'Share of the load within the tier; 1 to 1000, 100 by default.' })
  weight?: number;
}

@InputType({ description: 'A new route, of a project or of a whole organization.' })
export class ModelRouteCreateInput {
  @Field(() => ID, { nullable: true, description: 'The project that owns it.' })
  projectId?: string;
  @Field(() => ID, { nullable: true, description: 'The organization that owns it: all of its projects may use it.' })
  organizationId?: string;
  @Field(() => String, { description: 'The name that clients send as `model`.' })
  name!: string;
  @Field(() => String, { nullable: true, description: 'What it is for.' })
  description?: string;
  @Field(() => [ModelRouteTargetInput], { description: 'Where it leads.' })
  targets!: ModelRouteTargetInput[];
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'A change of a route; what is absent stays.' })
export class ModelRouteUpdateInput {
  @Field(() => ID, { description: 'The route.' })
  id!: string;
  @Field(() => String, { nullable: true, description: 'What it is for.' })
  description?: string;
  @Field(() => [ModelRouteTargetInput], { nullable: true, description: 'All of its targets from now on.' })
  targets?: ModelRouteTargetInput[];
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'Moves a route to another state.' })
export class ModelRouteMoveInput {
  @Field(() => ID, { description: 'The route.' })
  id!: string;
  @Field(() => String, { nullable: true, description: 'Why, for those who read it later.' })
  reason?: string;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'All limits of a project or of one of its API keys; null and absent mean no limit.' })
export class ModelPolicySetInput {
  @Field(() => ID, { description: 'The project, by its TypeID (`prj_…`).' })
  projectId!: string;
  @Field(() => ID, { nullable: true, description: 'One of its API keys; absent: the project as a whole.' })
  apiKeyId?: string;
  @Field(() => [String], { nullable: true, description: 'Slugs of the models that may be used.' })
  allowedModels?: string[];
  @Field(() => Int, { nullable: true, description: 'Requests in any sixty seconds.' })
  requestsPerMinute?: number;
  @Field(() => Int, { nullable: true, description: 'Tokens in any sixty seconds.' })
  tokensPerMinute?: number;
  @Field(() => Int, { nullable: true, description: 'Tokens of one prompt.' })
  maxInputTokens?: number;
  @Field(() => Int, { nullable: true, description: 'Tokens of one answer.' })
  maxOutputTokens?: number;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@ObjectType({ description: 'Answer to a mutation of a model route.' })
@Tag('public')
export class ModelRoutePayload extends MutationPayload {
  @Field(() => ModelRoute, { nullable: true, description: 'The route; null when nothing was done.' })
  modelRoute!: ModelRoute | null;
}

@ObjectType({ description: 'Answer to a mutation of a model policy.' })
@Tag('public')
export class ModelPolicyPayload extends MutationPayload {
  @Field(() => ModelPolicy, { nullable: true, description: 'The policy; null when nothing was done.' })
  modelPolicy!: ModelPolicy | null;
}
