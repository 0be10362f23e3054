import { ArgsType, Field, ID, InputType, ObjectType } from 'type-graphql';
import { Tag } from '../../../../kernel/federation/directives.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import { DateTime, JsonObject } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload } from '../../../../kernel/graphql/shared-types.js';
import type { BundleState } from '../domain/bundle-lifecycle.js';
import type { BundleKind } from '../domain/evidence-vocabulary.js';
import { EvidenceBundle, EvidenceItem } from './bundle-type.js';
import { BundleKindEnum, BundleStateEnum, EvidenceResult, ItemTypeEnum, RetentionClassEnum } from './evidence-enums.js';

const KEY = 'One per logical mutation; a replay answers with the first result.';

@ArgsType()
export class EvidenceBundlesArgs extends PageArgs {
  @Field(() => BundleKindEnum, { nullable: true, description: 'Only bundles of this kind.' })
  kind?: BundleKind;
  @Field(() => BundleStateEnum, { nullable: true, description: 'Only bundles in this state.' })
  state?: BundleState;
  @Field(() => String, { nullable: true, description: 'Only bundles of this source.' })
  sourceSha?: string;
}

@InputType({ description: 'What a bundle is opened with.' })
export class EvidenceBundleCreateInput {
  @Field(() => BundleKindEnum, { description: 'What it is evidence for.' })
  kind!: string;
  @Field(() => String, { description: 'Its name for people, 3 to 200 characters.' })
  title!: string;
  @Field(() => String, { description: 'The exact source: a full commit hash of 40 or 64 hexadecimal digits.' })
  sourceSha!: string;
  @Field(() => String, { description: 'The environment it holds for, such as `prod`.' })
  environmentProfile!: string;
  @Field(() => String, { description: 'Who answers for it.' })
  owner!: string;
  @Field(() => ID, { nullable: true, description: 'A bundle of the same kind whose place it takes.' })
  supersedesId?: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'A piece of evidence.' })
export class EvidenceItemAddInput {
  @Field(() => ID, { description: 'The open bundle it belongs to.' })
  bundleId!: string;
  @Field(() => ItemTypeEnum, { description: 'Where it comes from.' })
  type!: string;
  @Field(() => String, { description: 'Its name for people, at most 200 characters.' })
  title!: string;
  @Field(() => EvidenceResult, { description: 'What it shows.' })
  result!: string;
  @Field(() => String, { description: 'Who answers for it.' })
  owner!: string;
  @Field(() => RetentionClassEnum, { description: 'How long it is kept at least.' })
  retentionClass!: string;
  @Field(() => String, { nullable: true, description: 'Digest of the artifact: `sha256:` and 64 hexadecimal digits.' })
  artifactDigest?: string;
  @Field(() => JsonObject, {
    nullable: true,
    description: 'A short summary, at most 16 KiB of JSON. What looks like a secret is refused.',
  })
  summary?: Record<string, unknown>;
  @Field(() => String, { nullable: true, description: 'Why it was skipped or blocked; needed then.' })
  reason?: string;
  @Field(() => DateTime, {
    nullable: true,
    description: 'Until when the gap is tolerated, at most 90 days ahead; needed for skipped and blocked.',
  })
  expiresAt?: Date;
  @Field(() => String, { nullable: true, description: 'The task that closes the gap.' })
  followUp?: string;
  @Field(() => ID, { nullable: true, description: 'The item of the same bundle that it corrects.' })
  supersedesId?: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'Which bundle to seal.' })
export class EvidenceBundleSealInput {
  @Field(() => ID, { description: 'The open bundle.' })
  id!: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@ObjectType({ description: 'Answer to a mutation of an evidence bundle.' })
@Tag('operator')
export class EvidenceBundlePayload extends MutationPayload {
  @Field(() => EvidenceBundle, { nullable: true, description: 'The bundle; null when nothing was done.' })
  bundle!: EvidenceBundle | null;
}

@ObjectType({ description: 'Answer to the addition of an item.' })
@Tag('operator')
export class EvidenceItemPayload extends MutationPayload {
  @Field(() => EvidenceItem, { nullable: true, description: 'The item; null when nothing was done.' })
  item!: EvidenceItem | null;
}
