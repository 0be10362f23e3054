import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DomainEvent } from '../../../../kernel/graphql/domain-event.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { Money, Node } from '../../../../kernel/graphql/shared-types.js';
import { routeLifecycle } from '../domain/route-lifecycle.js';
import type { RouteRecord } from '../store/token-factory-queries.js';
import { ModelRequestResult, ModelRouteAction, ModelRouteStateEnum, UsageProvenance } from './enums.js';

@ObjectType({
  implements: Node,
  description: 'What clients name as `model`: leads to one or more places that serve models.',
})
@Key()
@Tag('public')
export class ModelRoute extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `mrt`.' })
  override id!: string;
  @Field(() => String, { description: 'The name that clients send as `model`.' })
  name!: string;
  @Field(() => String, { description: 'What it is for.' })
  description!: string;
  @Field(() => ModelRouteStateEnum, { description: 'Where it stands.' })
  state!: string;
  @Field(() => String, { nullable: true, description: 'Why it went to this state.' })
  stateReason!: string | null;
  @Field(() => DateTime, { description: 'When it went to this state.' })
  stateChangedAt!: Date;
  @Field(() => [ModelRouteAction], { description: 'What can be done with it now, given the right to.' })
  availableActions!: string[];
  @Field(() => DateTime, { description: 'When it was created.' })
  createdAt!: Date;
  organizationId!: string;
  projectId!: string | null;
}
export const ModelRouteConnection = connectionType('ModelRoute', () => ModelRoute);

export function toModelRoute(row: RouteRecord): ModelRoute {
  return { ...row, availableActions: [...routeLifecycle.available(row.state)] };
}

@ObjectType({ description: 'Where a route leads: one endpoint, or every ready endpoint of a model.' })
@Tag('public')
export class ModelRouteTarget {
  @Field(() => Int, { description: 'Lower tiers are tried first; 0 to 9.' })
  tier!: number;
  @Field(() => Int, { description: 'Share of the load within the tier.' })
  weight!: number;
  endpointId!: string | null;
  modelId!: string | null;
}

@ObjectType({ implements: Node, description: 'Limits of a project, or of one of its API keys; null means no limit.' })
@Key()
@Tag('public')
export class ModelPolicy extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `mpl`.' })
  override id!: string;
  @Field(() => [String], {
    nullable: true,
    description: 'Slugs of the models that may be used; null allows all, an empty list none.',
  })
  allowedModels!: string[] | null;
  @Field(() => Int, { nullable: true, description: 'Requests in any sixty seconds.' })
  requestsPerMinute!: number | null;
  @Field(() => Int, { nullable: true, description: 'Tokens in any sixty seconds, prompt and answer.' })
  tokensPerMinute!: number | null;
  @Field(() => Int, { nullable: true, description: 'Tokens of one prompt.' })
  maxInputTokens!: number | null;
  @Field(() => Int, { nullable: true, description: 'Tokens of one answer.' })
  maxOutputTokens!: number | null;
  @Field(() => DateTime, { description: 'When it was set.' })
  updatedAt!: Date;
  projectId!: string;
  apiKeyId!: string | null;
}
export const ModelPolicyConnection = connectionType('ModelPolicy', () => ModelPolicy);

@ObjectType({
  implements: Node,
  description: 'One request to a model: what it used and cost. What was said is never kept.',
})
@Key()
@Tag('public')
export class ModelRequest extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `mrq`; the `id` of the answer holds it.' })
  override id!: string;
  @Field(() => String, { description: 'The name that the client sent as `model`.' })
  routeName!: string;
  @Field(() => String, { description: 'The operation, such as `chat/completions`.' })
  operation!: string;
  @Field(() => Boolean, { description: 'Whether the answer was streamed.' })
  isStreaming!: boolean;
  @Field(() => ModelRequestResult, { description: 'How it ended.' })
  result!: string;
  @Field(() => String, { nullable: true, description: 'Code of the error that the client got.' })
  errorCode!: string | null;
  @Field(() => Int, { description: 'How many targets were tried.' })
  attempts!: number;
  @Field(() => Int, { description: 'Tokens of the prompt that are charged.' })
  inputTokens!: number;
  @Field(() => Int, { description: 'Tokens of the answer that are charged.' })
  outputTokens!: number;
  @Field(() => UsageProvenance, { description: 'Where the count comes from.' })
  provenance!: string;
  @Field(() => Money, { description: 'What it cost.' })
  cost!: Money;
  @Field(() => Int, { nullable: true, description: "Milliseconds to the provider's first byte." })
  firstByteMilliseconds!: number | null;
  @Field(() => Int, { description: 'Milliseconds from admission to the end.' })
  durationMilliseconds!: number;
  @Field(() => String, { description: 'The `x-request-id` that the client got.' })
  correlationId!: string;
  @Field(() => ID, { description: 'Who asked.' })
  principalId!: string;
  @Field(() => DateTime, { description: 'When it began.' })
  startedAt!: Date;
  projectId!: string;
  routeId!: string;
  modelId!: string | null;
  apiKeyId!: string | null;
}
export const ModelRequestConnection = connectionType('ModelRequest', () => ModelRequest);

@ObjectType({ description: 'Something that happened to a model route.' })
@Tag('public')
export class ModelRouteEvent extends DomainEvent {
  @Field(() => ModelRoute, { nullable: true, description: 'The route, as it is now.' })
  subject!: ModelRoute | null;
}
