import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { Key, Tag } from '../../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../../kernel/graphql/connection.js';
import { DateTime, JsonObject } from '../../../../../kernel/graphql/scalars.js';
import { MutationPayload, Node } from '../../../../../kernel/graphql/shared-types.js';
import { serviceAccountLifecycle } from '../../domain/credentials/service-account-lifecycle.js';
import type { ServiceAccountKeyRecord, ServiceAccountRecord } from '../../store/credentials/credential-queries.js';
import { CredentialState, SecretDisclosure, credentialState } from './credential-enums.js';

export enum ServiceAccountStateEnum {
  ACTIVE = 'active',
  DISABLED = 'disabled',
  DELETED = 'deleted',
}
registerEnumType(ServiceAccountStateEnum, {
  name: 'ServiceAccountState',
  description: 'Where a service account stands.',
  valuesConfig: {
    ACTIVE: { description: 'Its keys mint tokens.' },
    DISABLED: { description: 'It mints nothing, and its tokens do not count; it can be enabled again.' },
    DELETED: { description: 'Gone for good; kept as a name for what it did.' },
  },
});

export enum ServiceAccountAction {
  DISABLE = 'disable',
  ENABLE = 'enable',
  DELETE = 'delete',
}
registerEnumType(ServiceAccountAction, {
  name: 'ServiceAccountAction',
  description: 'What can be done with a service account.',
  valuesConfig: {
    DISABLE: { description: 'End its tokens and mint no more, for now.' },
    ENABLE: { description: 'Let it mint again.' },
    DELETE: { description: 'End it, its keys and its tokens for good.' },
  },
});

@ObjectType({
  implements: Node,
  description: 'A program with an identity of its own, inside one project. Roles are bound to it as to anybody.',
})
@Key()
@Tag('public')
export class ServiceAccount extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `sva`; the `sub` of its tokens.' })
  override id!: string;
  @Field(() => String, { description: 'Its name, for people.' })
  name!: string;
  @Field(() => String, { description: 'Its short name, unique in the project.' })
  slug!: string;
  @Field(() => String, { description: 'What it is for.' })
  description!: string;
  @Field(() => [String], {
    description: 'Permissions its tokens are limited to, whatever its roles say; patterns may end in `.*`.',
  })
  allowList!: string[];
  @Field(() => ServiceAccountStateEnum, { description: 'Where it stands.' })
  state!: string;
  @Field(() => String, { nullable: true, description: 'Why it went to this state.' })
  stateReason!: string | null;
  @Field(() => DateTime, { description: 'When it went to this state.' })
  stateChangedAt!: Date;
  @Field(() => [ServiceAccountAction], { description: 'What can be done with it now, given the right to.' })
  availableActions!: string[];
  @Field(() => DateTime, { description: 'When it was created.' })
  createdAt!: Date;
  /** Not in the schema: resolved to `project`. */
  projectId!: string;
}

export const ServiceAccountConnection = connectionType('ServiceAccount', () => ServiceAccount);

export function toServiceAccount(row: ServiceAccountRecord): ServiceAccount {
  return { ...row, availableActions: [...serviceAccountLifecycle.available(row.state)] };
}

@ObjectType({
  implements: Node,
  description: 'A key of a service account: its id is the OAuth client id. Its secret was shown once.',
})
@Key()
@Tag('public')
export class ServiceAccountKey extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `sak`; the OAuth `client_id`.' })
  override id!: string;
  @Field(() => String, { description: 'Its name, for people.' })
  name!: string;
  @Field(() => CredentialState, { description: 'Whether it counts.' })
  state!: string;
  @Field(() => String, {
    nullable: true,
    description: 'The last four characters of the secret; null for a key that signs assertions.',
  })
  lastFour!: string | null;
  @Field(() => DateTime, { description: 'When it was created.' })
  createdAt!: Date;
  @Field(() => DateTime, { nullable: true, description: 'When it ends by itself.' })
  expiresAt!: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'When it was revoked.' })
  revokedAt!: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'When it minted last; up to a minute behind.' })
  lastUsedAt!: Date | null;
  /** Not in the schema: resolved to `serviceAccount`. */
  serviceAccountId!: string;
}

export function toServiceAccountKey(row: ServiceAccountKeyRecord): ServiceAccountKey {
  return { ...row, state: credentialState(row, new Date()) };
}

@InputType({ description: 'What a service account is created with.' })
export class ServiceAccountCreateInput {
  @Field(() => ID, { description: 'The project it lives in, for good.' })
  projectId!: string;
  @Field(() => String, { description: 'Its name, for people; 1 to 100 characters.' })
  name!: string;
  @Field(() => String, {
    description: 'Its short name, unique in the project: 3 to 40 lower-case letters, digits, hyphens.',
  })
  slug!: string;
  @Field(() => String, { nullable: true, description: 'What it is for.' })
  description?: string;
  @Field(() => [String], {
    description: 'What its tokens are limited to: permissions, or patterns such as `allocations.*`; 1 to 64.',
  })
  allowList!: string[];
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@InputType({ description: 'Which service account, and why.' })
export class ServiceAccountChangeInput {
  @Field(() => ID, { description: 'The service account.' })
  id!: string;
  @Field(() => String, { description: 'Why, for those who read it later.' })
  reason!: string;
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@InputType({ description: 'What a key of a service account is made with.' })
export class ServiceAccountKeyCreateInput {
  @Field(() => ID, { description: 'The service account; it has at most two active keys.' })
  serviceAccountId!: string;
  @Field(() => String, { nullable: true, description: 'Its name, for people.' })
  name?: string;
  @Field(() => DateTime, {
    nullable: true,
    description: 'When it ends: at most a year ahead; 90 days when not given.',
  })
  expiresAt?: Date;
  @Field(() => JsonObject, {
    nullable: true,
    description:
      'Public JSON Web Key (Ed25519, P-256, P-384, RSA of 3072 bits) for `private_key_jwt`; then there is no secret.',
  })
  publicJwk?: Record<string, unknown>;
  @Field(() => String, { nullable: true, description: 'One per logical mutation; a replay has no secret.' })
  idempotencyKey?: string;
}

@ObjectType({ description: 'Answer to a mutation of a service account.' })
@Tag('public')
export class ServiceAccountPayload extends MutationPayload {
  @Field(() => ServiceAccount, { nullable: true, description: 'The service account; null when nothing was done.' })
  serviceAccount!: ServiceAccount | null;
}

@InputType({ description: 'Which key of a service account to revoke.' })
export class ServiceAccountKeyRevokeInput {
  @Field(() => ID, { description: 'The key; its OAuth `client_id`.' })
  id!: string;
}

@ObjectType({ description: 'Answer to a mutation of a key of a service account.' })
@Tag('public')
export class ServiceAccountKeyPayload extends MutationPayload {
  @Field(() => ServiceAccountKey, { nullable: true, description: 'The key; null when nothing was done.' })
  key!: ServiceAccountKey | null;
  @Field(() => String, {
    nullable: true,
    description: 'The client secret. It is shown in this answer only: keep it now.',
  })
  secret?: string | null;
  @Field(() => SecretDisclosure, { nullable: true, description: 'Why there is or is no secret.' })
  secretDisclosure?: string | null;
}
