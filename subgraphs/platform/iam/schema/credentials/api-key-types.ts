import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../../kernel/graphql/connection.js';
import { DateTime } from '../../../../../kernel/graphql/scalars.js';
import { MutationPayload, Node } from '../../../../../kernel/graphql/shared-types.js';
import type { ApiKeyRecord } from '../../store/credentials/credential-queries.js';
import { CredentialState, SecretDisclosure, credentialState } from './credential-enums.js';

@ObjectType({
  implements: Node,
  description:
    'A key that acts for its owner inside one project, for the data plane and simple programs. It was shown once.',
})
@Key()
@Tag('public')
export class ApiKey extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `apk`; not the key.' })
  override id!: string;
  @Field(() => String, { description: 'Its name, for people.' })
  name!: string;
  @Field(() => String, { description: 'How the key begins, to recognise it.' })
  prefix!: string;
  @Field(() => String, { description: 'How the key ends, to recognise it.' })
  lastFour!: string;
  @Field(() => CredentialState, { description: 'Whether it counts.' })
  state!: string;
  @Field(() => [String], {
    description: 'Permissions it is limited to; patterns may end in `.*`. It never has more than its owner.',
  })
  allowList!: string[];
  @Field(() => ID, { description: 'Whom it acts for: a user or a service account.' })
  ownerId!: string;
  @Field(() => DateTime, { description: 'When it was created.' })
  createdAt!: Date;
  @Field(() => DateTime, { nullable: true, description: 'When it ends by itself.' })
  expiresAt!: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'When it was revoked.' })
  revokedAt!: Date | null;
  @Field(() => DateTime, { nullable: true, description: 'When it was used last; up to a minute behind.' })
  lastUsedAt!: Date | null;
  /** Not in the schema: resolved to `project`. */
  projectId!: string;
}

export const ApiKeyConnection = connectionType('ApiKey', () => ApiKey);

export function toApiKey(row: ApiKeyRecord): ApiKey {
  return { ...row, state: credentialState(row, new Date()) };
}

@InputType({ description: 'What an API key is made with.' })
export class ApiKeyCreateInput {
  @Field(() => ID, { description: 'The project it acts in, for good.' })
  projectId!: string;
  @Field(() => String, { description: 'Its name, for people; 1 to 100 characters.' })
  name!: string;
  @Field(() => [String], { nullable: true, description: 'What it is limited to; `token_factory.*` when not given.' })
  allowList?: string[];
  @Field(() => DateTime, {
    nullable: true,
    description: 'When it ends: at most two years ahead; a year when not given.',
  })
  expiresAt?: Date;
  @Field(() => String, { nullable: true, description: 'One per logical mutation; a replay has no secret.' })
  idempotencyKey?: string;
}

@InputType({ description: 'Which API key to revoke.' })
export class ApiKeyRevokeInput {
  @Field(() => ID, { description: 'The key; its TypeID, not the key itself.' })
  id!: string;
}

@ObjectType({ description: 'Answer to a mutation of an API key.' })
@Tag('public')
export class ApiKeyPayload extends MutationPayload {
  @Field(() => ApiKey, { nullable: true, description: 'The API key as it is listed; null when nothing was done.' })
  apiKey!: ApiKey | null;
  @Field(() => String, { nullable: true, description: 'The key itself. It is shown in this answer only: keep it now.' })
  secret?: string | null;
  @Field(() => SecretDisclosure, { nullable: true, description: 'Why there is or is no secret.' })
  secretDisclosure?: string | null;
}
