import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../../kernel/graphql/connection.js';
import { DateTime } from '../../../../../kernel/graphql/scalars.js';
import { MutationPayload, Node } from '../../../../../kernel/graphql/shared-types.js';
import type { SessionRecord } from '../../store/credentials/session-queries.js';

@ObjectType({ implements: Node, description: 'A sign-in of a person, with how strong it was and where it came from.' })
@Key()
@Tag('public')
export class Session extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `ses`.' })
  override id!: string;
  @Field(() => String, { description: 'How it was signed in: `oidc`.' })
  provider!: string;
  @Field(() => Boolean, { description: 'Whether this request was made in it.' })
  isCurrent!: boolean;
  @Field(() => Int, { description: 'Strength: 0 unknown, 1 one factor, 2 several factors, 3 phishing-resistant.' })
  assurance!: number;
  @Field(() => String, { nullable: true, description: "The provider's name for that strength (`acr`)." })
  authenticationContext!: string | null;
  @Field(() => [String], { description: 'Methods that were used (RFC 8176), such as `pwd` and `otp`.' })
  authenticationMethods!: string[];
  @Field(() => DateTime, { nullable: true, description: 'When presence was last proved: what a step-up renews.' })
  authenticatedAt!: Date | null;
  @Field(() => String, { description: 'Kind of device, as far as the browser says.' })
  device!: string;
  @Field(() => String, { description: 'Browser or program, as far as it says.' })
  browser!: string;
  @Field(() => String, { description: 'Operating system, as far as the browser says.' })
  operatingSystem!: string;
  @Field(() => String, { nullable: true, description: 'Address of the first request.' })
  ip!: string | null;
  @Field(() => DateTime, { description: 'When it was first seen here.' })
  signedInAt!: Date;
  @Field(() => DateTime, { description: 'When it was last seen; up to a minute behind.' })
  lastSeenAt!: Date;
  @Field(() => DateTime, { description: 'When the newest token of it ends.' })
  expiresAt!: Date;
  @Field(() => DateTime, { nullable: true, description: 'When it was revoked; its tokens count no more.' })
  revokedAt!: Date | null;
  @Field(() => String, { nullable: true, description: 'Why it was revoked.' })
  revokedReason!: string | null;
}

export const SessionConnection = connectionType('Session', () => Session);

export function toSession(row: SessionRecord, currentId: string | undefined): Session {
  return { ...row, isCurrent: row.id === currentId };
}

@InputType({ description: 'Which session to end.' })
export class SessionRevokeInput {
  @Field(() => ID, { description: "The session; your own, or with the permission anybody's." })
  id!: string;
  @Field(() => String, { nullable: true, description: 'Why, for those who read it later.' })
  reason?: string;
}

@ObjectType({ description: 'Answer to the end of a session.' })
@Tag('public')
export class SessionPayload extends MutationPayload {
  @Field(() => Session, { nullable: true, description: 'The session; null when nothing was done.' })
  session!: Session | null;
}
