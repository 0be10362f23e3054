import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Tag } from '../../../../kernel/federation/directives.js';
import { MutationPayload } from '../../../../kernel/graphql/shared-types.js';
import { ModelModality, ModelTokenizer, ProviderKindEnum } from './enums.js';
import { Model, ModelEndpoint, ProviderAccount } from './model-types.js';

const KEY = { nullable: true, description: 'One per logical mutation; a replay answers with the first result.' };

@InputType({ description: 'A model of the catalogue; one with the same slug is corrected.' })
export class ModelRegisterInput {
  @Field(() => String, { description: 'Unique short name.' })
  slug!: string;
  @Field(() => String, { description: 'Name for people.' })
  title!: string;
  @Field(() => ModelModality, { description: 'What it makes.' })
  modality!: string;
  @Field(() => Int, { description: 'Prompt and answer together, in tokens.' })
  contextWindowTokens!: number;
  @Field(() => Int, { description: 'The longest answer, in tokens; 0 for embeddings.' })
  maxOutputTokens!: number;
  @Field(() => ModelTokenizer, { description: 'How its tokens are counted where the provider does not say.' })
  tokenizer!: string;
  @Field(() => [String], { nullable: true, description: 'Other names under which servers offer it.' })
  aliases?: string[];
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'A new provider account.' })
export class ProviderAccountCreateInput {
  @Field(() => String, { description: 'Unique name.' })
  name!: string;
  @Field(() => ProviderKindEnum, { description: 'How it is spoken to.' })
  kind!: string;
  @Field(() => String, {
    nullable: true,
    description:
      'Where it is, `/v1` included. Must use https and a public address, unless the deployment allows others.',
  })
  baseUrl?: string;
  @Field(() => String, { nullable: true, description: 'Its key. Goes into the secret store and is never shown again.' })
  secret?: string;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'A change of a provider account; what is absent stays.' })
export class ProviderAccountUpdateInput {
  @Field(() => ID, { description: 'The provider account.' })
  id!: string;
  @Field(() => String, { nullable: true, description: 'Where it is now.' })
  baseUrl?: string;
  @Field(() => String, { nullable: true, description: 'Another key; the old one is destroyed.' })
  secret?: string;
  @Field(() => Boolean, { nullable: true, description: 'False takes it out of all routes.' })
  isEnabled?: boolean;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'Says that a provider serves a model.' })
export class ModelEndpointCreateInput {
  @Field(() => ID, { description: 'Who serves it.' })
  providerAccountId!: string;
  @Field(() => ID, { description: 'What is served.' })
  modelId!: string;
  @Field(() => String, { description: 'What the provider calls the model.' })
  upstreamModel!: string;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'Takes an endpoint out of all routes, or puts it back.' })
export class ModelEndpointUpdateInput {
  @Field(() => ID, { description: 'The endpoint.' })
  id!: string;
  @Field(() => Boolean, { description: 'Whether it may serve.' })
  isEnabled!: boolean;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@ObjectType({ description: 'Answer to a mutation of a model.' })
@Tag('operator')
export class ModelPayload extends MutationPayload {
  @Field(() => Model, { nullable: true, description: 'The model; null when nothing was done.' })
  model!: Model | null;
}

@ObjectType({ description: 'Answer to a mutation of a provider account.' })
@Tag('operator')
export class ProviderAccountPayload extends MutationPayload {
  @Field(() => ProviderAccount, { nullable: true, description: 'The provider account; null when nothing was done.' })
  providerAccount!: ProviderAccount | null;
}

@ObjectType({ description: 'Answer to a mutation of a model endpoint.' })
@Tag('operator')
export class ModelEndpointPayload extends MutationPayload {
  @Field(() => ModelEndpoint, { nullable: true, description: 'The endpoint; null when nothing was done.' })
  modelEndpoint!: ModelEndpoint | null;
}
