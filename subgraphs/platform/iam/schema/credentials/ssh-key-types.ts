import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../../kernel/graphql/connection.js';
import { DateTime } from '../../../../../kernel/graphql/scalars.js';
import { MutationPayload, Node } from '../../../../../kernel/graphql/shared-types.js';
import type { SshKeyRecord } from '../../store/credentials/ssh-key-queries.js';

@ObjectType({
  implements: Node,
  description: 'An SSH public key of a person or a service account; machines let its holder in.',
})
@Key()
@Tag('public')
export class SshKey extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `ssh`.' })
  override id!: string;
  @Field(() => String, { description: 'Its name, for people.' })
  name!: string;
  @Field(() => String, { description: 'Its type, such as `ssh-ed25519`.' })
  type!: string;
  @Field(() => String, { description: 'Type and key in OpenSSH format, without a comment.' })
  publicKey!: string;
  @Field(() => String, { description: 'As `ssh-keygen -l` shows it: `SHA256:` and base64.' })
  fingerprint!: string;
  @Field(() => ID, { description: 'Whose it is: a user or a service account.' })
  ownerId!: string;
  @Field(() => DateTime, { description: 'When it was added.' })
  createdAt!: Date;
  /** Not in the schema. */
  projectId!: string | null;
}

export const SshKeyConnection = connectionType('SshKey', () => SshKey);

export function toSshKey(row: SshKeyRecord): SshKey {
  return row;
}

@InputType({ description: 'An SSH public key to add.' })
export class SshKeyAddInput {
  @Field(() => String, {
    description: 'One line in OpenSSH format: Ed25519, ECDSA, their security-key forms, or RSA of at least 3072 bits.',
  })
  publicKey!: string;
  @Field(() => String, { nullable: true, description: "Its name, for people; the key's comment when not given." })
  name?: string;
  @Field(() => ID, { nullable: true, description: 'The service account that gets it; the caller when not given.' })
  serviceAccountId?: string;
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@InputType({ description: 'Which SSH key to remove.' })
export class SshKeyRemoveInput {
  @Field(() => ID, { description: 'The key.' })
  id!: string;
}

@ObjectType({ description: 'Answer to a mutation of an SSH key.' })
@Tag('public')
export class SshKeyPayload extends MutationPayload {
  @Field(() => SshKey, {
    nullable: true,
    description: 'The key that was added; null when nothing was done, or after a removal.',
  })
  sshKey!: SshKey | null;
  @Field(() => ID, { nullable: true, description: 'The key that was removed.' })
  removedId?: string | null;
}
