import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Tag } from '../../../../kernel/federation/directives.js';
import { BigIntScalar, DateTime } from '../../../../kernel/graphql/scalars.js';

@ObjectType({ description: 'How the audit log stands: what an auditor writes down to compare with later.' })
@Tag('operator')
export class AuditIntegrity {
  @Field(() => BigIntScalar, { description: 'How many records the log has.' })
  treeSize!: bigint;
  @Field(() => String, { description: 'Merkle tree hash (RFC 6962) over all of them, in hexadecimal.' })
  rootHash!: string;
  @Field(() => BigIntScalar, { nullable: true, description: 'First record of the last batch.' })
  lastBatchFirstIndex!: bigint | null;
  @Field(() => DateTime, { nullable: true, description: 'When the last batch was appended.' })
  lastBatchAt!: Date | null;
  @Field(() => Int, { description: 'Records that are committed and wait for their place; counted up to 10,000.' })
  pendingRecords!: number;
  @Field(() => Int, { description: 'Age of the oldest of them, in whole seconds.' })
  lagSeconds!: number;
  @Field(() => Int, { description: 'A lag above this many seconds raises an alarm.' })
  lagSecondsAlarm!: number;
  @Field(() => Boolean, { description: 'Whether the lag is above the alarm.' })
  isLagging!: boolean;
}

export enum AuditFaultKindEnum {
  BODY_ALTERED = 'body_altered',
  COLUMNS_ALTERED = 'columns_altered',
  LEAF_ALTERED = 'leaf_altered',
  BATCH_MISSING = 'batch_missing',
  ROOT_ALTERED = 'root_altered',
  HEAD_ALTERED = 'head_altered',
  TAIL_TRUNCATED = 'tail_truncated',
  RECORD_UNACCOUNTED = 'record_unaccounted',
  CHECKPOINT_CONTRADICTED = 'checkpoint_contradicted',
}
registerEnumType(AuditFaultKindEnum, {
  name: 'AuditFaultKind',
  description: 'What recomputing the audit log found wrong.',
  valuesConfig: {
    BODY_ALTERED: { description: 'A body does not hash to its commitment.' },
    COLUMNS_ALTERED: { description: 'Columns say something else than the body.' },
    LEAF_ALTERED: { description: 'A leaf does not follow from its commitment.' },
    BATCH_MISSING: { description: 'The batches do not cover every record in order.' },
    ROOT_ALTERED: { description: 'The root of a batch does not follow from its leaves.' },
    HEAD_ALTERED: { description: 'The head of the log is not that of its last batch.' },
    TAIL_TRUNCATED: { description: 'Records at the end are gone.' },
    RECORD_UNACCOUNTED: { description: 'There is a record that no batch knows.' },
    CHECKPOINT_CONTRADICTED: { description: 'The log is not the one of the checkpoint that was given.' },
  },
});

@ObjectType('AuditFault', { description: 'The first thing that is wrong with the audit log.' })
@Tag('operator')
export class AuditFaultType {
  @Field(() => AuditFaultKindEnum, { description: 'What kind of fault.' })
  kind!: string;
  @Field(() => BigIntScalar, { description: 'The record where it was found.' })
  logIndex!: bigint;
  @Field(() => String, { description: 'What is wrong, in a sentence.' })
  message!: string;
}

@ObjectType('AuditVerification', { description: 'Result of recomputing the audit log from its records.' })
@Tag('operator')
export class AuditVerificationType {
  @Field(() => BigIntScalar, { description: 'How many records the log claims.' })
  treeSize!: bigint;
  @Field(() => BigIntScalar, { description: 'How many were recomputed.' })
  checkedRecords!: bigint;
  @Field(() => BigIntScalar, {
    description: 'How many of them were erased, so that only their leaves could be checked.',
  })
  erasedRecords!: bigint;
  @Field(() => String, { description: 'Root over the records that were checked, in hexadecimal.' })
  rootHash!: string;
  @Field(() => Boolean, { description: 'False when the bound was reached before the end of the log.' })
  isComplete!: boolean;
  @Field(() => AuditFaultType, { nullable: true, description: 'The first fault; null when there is none.' })
  fault!: AuditFaultType | null;
}
