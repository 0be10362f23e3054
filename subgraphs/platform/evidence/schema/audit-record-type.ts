import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DomainEvent } from '../../../../kernel/graphql/domain-event.js';
import { BigIntScalar, DateTime, JsonObject } from '../../../../kernel/graphql/scalars.js';
import { Node } from '../../../../kernel/graphql/shared-types.js';
import { type AuditRow, parsedBody } from '../store/audit-queries.js';

export enum AuditResult {
  SUCCESS = 'success',
  FAILURE = 'failure',
  DENIED = 'denied',
}
registerEnumType(AuditResult, {
  name: 'AuditResult',
  description: 'How what was tried ended.',
  valuesConfig: {
    SUCCESS: { description: 'It was done.' },
    FAILURE: { description: 'It was refused by a rule; `reasonCode` says which.' },
    DENIED: { description: 'The actor was not allowed to; `reasonCode` says why.' },
  },
});

export enum AuditActorKind {
  HUMAN = 'human',
  SERVICE_ACCOUNT = 'service_account',
  API_KEY = 'api_key',
  NODE = 'node',
  SYSTEM = 'system',
  ANONYMOUS = 'anonymous',
}
registerEnumType(AuditActorKind, {
  name: 'AuditActorKind',
  description: 'What kind of principal acted.',
  valuesConfig: {
    HUMAN: { description: 'A person.' },
    SERVICE_ACCOUNT: { description: 'A program with a service account.' },
    API_KEY: { description: 'A program with an API key.' },
    NODE: { description: 'A compute node.' },
    SYSTEM: { description: 'The platform itself.' },
    ANONYMOUS: { description: 'Nobody who had signed in.' },
  },
});

export enum AuditScopeLevel {
  PLATFORM = 'platform',
  ORGANIZATION = 'organization',
  DEPARTMENT = 'department',
  PROJECT = 'project',
}
registerEnumType(AuditScopeLevel, {
  name: 'AuditScopeLevel',
  description: 'At which level of the hierarchy it was tried.',
  valuesConfig: {
    PLATFORM: { description: 'The platform itself.' },
    ORGANIZATION: { description: 'A customer, with all its departments and projects.' },
    DEPARTMENT: { description: 'Part of an organization, with its projects.' },
    PROJECT: { description: 'Where work happens, and nothing beside it.' },
  },
});

@ObjectType({
  implements: Node,
  description: 'What was done, or tried: by whom, to what, with which result. Never changed, never removed.',
})
@Key()
@Tag('public')
export class AuditRecord extends Node {
  @Field(() => ID, { description: "TypeID with the prefix `aud`; the `auditId` of a mutation's receipt." })
  override id!: string;
  @Field(() => BigIntScalar, { description: 'Its place in the log, from 0, without gaps.' })
  logIndex!: bigint;
  @Field(() => String, { description: '`<domain>.<resource>.<verb>`: the command, which is the permission too.' })
  action!: string;
  @Field(() => AuditResult, { description: 'How it ended.' })
  result!: string;
  @Field(() => String, { nullable: true, description: 'Code of the refusal or denial; null after a success.' })
  reasonCode!: string | null;
  @Field(() => AuditActorKind, { description: 'What kind of principal acted.' })
  actorKind!: string;
  @Field(() => ID, { description: 'Who acted.' })
  actorId!: string;
  @Field(() => String, {
    nullable: true,
    description: 'The name of who acted, as it was then; null once the record was erased.',
  })
  actorName!: string | null;
  @Field(() => AuditScopeLevel, { description: 'At which level it was tried.' })
  scopeLevel!: string;
  @Field(() => ID, { description: 'At which organization, department or project; `platform` for the platform itself.' })
  scopeId!: string;
  @Field(() => ID, {
    nullable: true,
    description: 'Identifier of the organization concerned; null for the platform itself.',
  })
  organizationId!: string | null;
  @Field(() => String, { nullable: true, description: 'GraphQL type of what it was done to.' })
  targetType!: string | null;
  @Field(() => ID, { nullable: true, description: 'Identifier of what it was done to.' })
  targetId!: string | null;
  @Field(() => String, { description: 'Ties together what one request caused, across domains.' })
  correlationId!: string;
  @Field(() => DateTime, { description: 'When it was done.' })
  occurredAt!: Date;
  @Field(() => JsonObject, {
    nullable: true,
    description: 'Small facts about it, never secrets; null once the record was erased.',
  })
  metadata!: Record<string, unknown> | null;
  @Field(() => String, { nullable: true, description: 'Address that the request came from.' })
  ip!: string | null;
  @Field(() => String, { nullable: true, description: 'What the client called itself.' })
  userAgent!: string | null;
  @Field(() => Boolean, { description: 'Whether its body was erased; its place and leaf in the log stay.' })
  isErased!: boolean;
  @Field(() => String, { description: 'Its leaf in the Merkle tree (RFC 6962), in hexadecimal.' })
  leafHash!: string;
}

export const AuditRecordConnection = connectionType('AuditRecord', () => AuditRecord);

@ObjectType({ description: 'A record that got its place in the audit log. Its cursors are those of this stream only.' })
@Tag('public')
export class AuditEvent extends DomainEvent {
  @Field(() => AuditRecord, { nullable: true, description: 'The record.' })
  subject!: AuditRecord | null;
}

export function toAuditRecord(row: AuditRow): AuditRecord {
  const { id, logIndex, action, result, reasonCode, actorKind, actorId, scopeLevel, scopeId, organizationId } = row;
  const { targetType, targetId, correlationId, occurredAt } = row;
  const body = parsedBody(row);
  return {
    id,
    logIndex,
    action,
    result,
    reasonCode,
    actorKind,
    actorId,
    scopeLevel,
    scopeId,
    organizationId,
    targetType,
    targetId,
    correlationId,
    occurredAt,
    actorName: body?.actor.displayName ?? null,
    metadata: body?.metadata ?? null,
    ip: body?.origin.ip ?? null,
    userAgent: body?.origin.userAgent ?? null,
    isErased: body === null,
    leafHash: row.leafHash.toString('hex'),
  };
}
