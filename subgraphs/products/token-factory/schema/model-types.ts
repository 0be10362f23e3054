import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { Node } from '../../../../kernel/graphql/shared-types.js';
import { ModelModality, ModelTokenizer, ProviderHealthEnum, ProviderKindEnum } from './enums.js';

@ObjectType({
  implements: Node,
  description: "A model of the catalogue. Its price is billing's, under the key `model:<slug>`.",
})
@Key()
@Tag('public')
export class Model extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `mdl`.' })
  override id!: string;
  @Field(() => String, { description: 'Unique short name; allow-lists name it.' })
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
  @Field(() => [String], { description: 'Other names under which servers offer it.' })
  aliases!: string[];
  @Field(() => DateTime, { description: 'When it was added.' })
  createdAt!: Date;
}
export const ModelConnection = connectionType('Model', () => Model);

@ObjectType({ implements: Node, description: 'An account with somebody who serves models. Operators only.' })
@Key()
@Tag('operator')
export class ProviderAccount extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `pva`.' })
  override id!: string;
  @Field(() => String, { description: 'Unique name.' })
  name!: string;
  @Field(() => ProviderKindEnum, { description: 'How it is spoken to.' })
  kind!: string;
  @Field(() => String, { nullable: true, description: 'Where it is, `/v1` included; null for the built-in one.' })
  baseUrl!: string | null;
  @Field(() => Boolean, { description: 'Whether a key is kept for it. The key itself is never shown.' })
  hasSecret!: boolean;
  @Field(() => Boolean, { description: 'False when an operator switched it off.' })
  isEnabled!: boolean;
  @Field(() => ProviderHealthEnum, { description: 'How calls have gone lately; observed, not set.' })
  health!: string;
  @Field(() => String, { nullable: true, description: 'What was observed at the last change of health.' })
  healthReason!: string | null;
  @Field(() => DateTime, { description: 'When its health changed.' })
  healthChangedAt!: Date;
  @Field(() => DateTime, { description: 'When it was added.' })
  createdAt!: Date;
}
export const ProviderAccountConnection = connectionType('ProviderAccount', () => ProviderAccount, 'operator');

@ObjectType({
  implements: Node,
  description: 'One place where a model is served: by a provider for everybody, or by an app instance for its project.',
})
@Key()
@Tag('public')
export class ModelEndpoint extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `mep`.' })
  override id!: string;
  @Field(() => Boolean, { description: 'False when an operator took it out.' })
  isEnabled!: boolean;
  @Field(() => Boolean, { description: 'Whether it can serve now; follows the app instance by itself.' })
  isReady!: boolean;
  @Field(() => String, { nullable: true, description: 'Why it is not ready.' })
  readinessReason!: string | null;
  @Field(() => DateTime, { description: 'When it became known.' })
  createdAt!: Date;
  modelId!: string | null;
  providerAccountId!: string | null;
  appInstanceId!: string | null;
}
export const ModelEndpointConnection = connectionType('ModelEndpoint', () => ModelEndpoint);
