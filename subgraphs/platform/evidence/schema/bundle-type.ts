import { Field, ID, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DomainEvent } from '../../../../kernel/graphql/domain-event.js';
import { DateTime, JsonObject } from '../../../../kernel/graphql/scalars.js';
import { Node } from '../../../../kernel/graphql/shared-types.js';
import { bundleLifecycle } from '../domain/bundle-lifecycle.js';
import type { BundleRecord, ItemRecord } from '../store/bundle-queries.js';
import {
  BundleAction,
  BundleKindEnum,
  BundleStateEnum,
  EvidenceResult,
  ItemTypeEnum,
  RetentionClassEnum,
} from './evidence-enums.js';

@ObjectType({
  implements: Node,
  description: 'The evidence for one source in one environment: of a release, an acceptance test, a review, a change.',
})
@Key()
@Tag('operator')
export class EvidenceBundle extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `evb`.' })
  override id!: string;
  @Field(() => BundleKindEnum, { description: 'What it is evidence for.' })
  kind!: string;
  @Field(() => String, { description: 'Its name for people.' })
  title!: string;
  @Field(() => String, { description: 'The exact source, as a full commit hash.' })
  sourceSha!: string;
  @Field(() => String, {
    description: 'The environment it holds for; evidence of one environment proves nothing of another.',
  })
  environmentProfile!: string;
  @Field(() => String, { description: 'Who answers for it.' })
  owner!: string;
  @Field(() => BundleStateEnum, { description: 'Where it stands.' })
  state!: string;
  @Field(() => String, { nullable: true, description: 'Why it went to this state.' })
  stateReason!: string | null;
  @Field(() => DateTime, { description: 'When it went to this state.' })
  stateChangedAt!: Date;
  @Field(() => [BundleAction], { description: 'What can be done with it now, given the right to.' })
  availableActions!: string[];
  @Field(() => String, {
    nullable: true,
    description: 'SHA-256 over what it is about and the digests of its items; null until it is sealed.',
  })
  sealDigest!: string | null;
  @Field(() => DateTime, { nullable: true, description: 'When it was sealed.' })
  sealedAt!: Date | null;
  @Field(() => DateTime, { description: 'When it was opened.' })
  createdAt!: Date;
  @Field(() => ID, { description: 'Who opened it.' })
  createdById!: string;
  /** Not in the schema; see the field `supersededBy`. */
  successorId!: string | null;
}

export const EvidenceBundleConnection = connectionType('EvidenceBundle', () => EvidenceBundle, 'operator');

@ObjectType({
  implements: Node,
  description: 'One piece of evidence. It is never rewritten: a correction is a new item that supersedes it.',
})
@Key()
@Tag('operator')
export class EvidenceItem extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `evi`.' })
  override id!: string;
  @Field(() => ItemTypeEnum, { description: 'Where it comes from.' })
  type!: string;
  @Field(() => String, { description: 'Its name for people.' })
  title!: string;
  @Field(() => EvidenceResult, { description: 'What it shows.' })
  result!: string;
  @Field(() => String, { description: 'Who answers for it.' })
  owner!: string;
  @Field(() => RetentionClassEnum, { description: 'How long it is kept at least.' })
  retentionClass!: string;
  @Field(() => String, {
    nullable: true,
    description: 'Digest of the artifact it is about, `sha256:` and 64 hexadecimal digits.',
  })
  artifactDigest!: string | null;
  @Field(() => JsonObject, { description: 'A short summary, at most 16 KiB of JSON.' })
  summary!: Record<string, unknown>;
  @Field(() => String, { nullable: true, description: 'Why it was skipped or blocked.' })
  reason!: string | null;
  @Field(() => DateTime, { nullable: true, description: 'Until when a skipped or blocked item is tolerated.' })
  expiresAt!: Date | null;
  @Field(() => Boolean, { description: 'Whether that moment has passed: the gap is open again.' })
  isExpired!: boolean;
  @Field(() => String, { nullable: true, description: 'The task that closes the gap.' })
  followUp!: string | null;
  @Field(() => String, { description: 'SHA-256 over the canonical JSON (RFC 8785) of its contents.' })
  contentDigest!: string;
  @Field(() => Boolean, { description: 'Whether a later item took its place.' })
  isSuperseded!: boolean;
  @Field(() => ID, { nullable: true, description: 'The item whose place it took.' })
  supersedesId!: string | null;
  @Field(() => ID, { nullable: true, description: 'The item that took its place.' })
  supersededById!: string | null;
  @Field(() => ID, { description: 'Who added it.' })
  createdById!: string;
  @Field(() => DateTime, { description: 'When it was added.' })
  createdAt!: Date;
  /** Not in the schema; see the field `bundle`. */
  bundleId!: string;
}

@ObjectType({ description: 'Something that happened to an evidence bundle.' })
@Tag('operator')
export class EvidenceEvent extends DomainEvent {
  @Field(() => EvidenceBundle, { nullable: true, description: 'The bundle, as it is now.' })
  subject!: EvidenceBundle | null;
}

export function toBundle(row: BundleRecord): EvidenceBundle {
  const { supersededById, createdBy, ...rest } = row;
  return {
    ...rest,
    createdById: createdBy,
    successorId: supersededById,
    availableActions: [...bundleLifecycle.available(row.state)],
  };
}

export function toItem(row: ItemRecord): EvidenceItem {
  const { createdBy, ...rest } = row;
  const isExpired = row.expiresAt !== null && row.expiresAt <= new Date();
  return { ...rest, createdById: createdBy, isExpired, isSuperseded: row.supersededById !== null };
}
