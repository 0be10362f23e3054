import 'reflect-metadata';
import { Field, Float, ID, InterfaceType, ObjectType, registerEnumType } from 'type-graphql';
import { REFUSAL_CODES } from '../errors/error-codes.js';
import { ListSize, Shareable, Tag } from '../federation/directives.js';
import { type Nanos, formatDecimal } from '../money/nano-units.js';
import { Cursor, Decimal, JsonObject } from './scalars.js';

/** Everything that has an identity of its own. Not auto-registered: else each subgraph would take every type of the process. */
@InterfaceType('Node', {
  description: 'An object with a globally unique identifier (Relay object identification).',
  autoRegisterImplementations: false,
})
@Tag('public')
export abstract class Node {
  @Field(() => ID, { description: 'A TypeID: a prefix that tells the type, and a UUIDv7.' })
  id!: string;
}

@ObjectType({ description: 'Where a page of a connection stands (Relay cursor connections).' })
@Tag('public')
@Shareable()
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether more items follow this page.' })
  hasNextPage!: boolean;
  @Field(() => Boolean, { description: 'Whether items precede this page.' })
  hasPreviousPage!: boolean;
  @Field(() => Cursor, { nullable: true, description: 'Cursor of the first item of this page.' })
  startCursor!: string | null;
  @Field(() => Cursor, { nullable: true, description: 'Cursor of the last item of this page.' })
  endCursor!: string | null;
}

/** ISO 4217. One currency a deployment; more need a currency on every account and no conversion in between. */
export enum CurrencyCode {
  USD = 'USD',
  EUR = 'EUR',
}
registerEnumType(CurrencyCode, {
  name: 'CurrencyCode',
  description: 'A currency (ISO 4217).',
  valuesConfig: { USD: { description: 'United States dollar.' }, EUR: { description: 'Euro.' } },
});

@ObjectType({ description: "An amount of money, exact to a billionth of the currency's main unit." })
@Tag('public')
@Shareable()
export class Money {
  @Field(() => Decimal, { description: 'The amount in main units, such as "12.50".' })
  amount!: string;
  @Field(() => CurrencyCode, { description: 'The currency of the amount.' })
  currency!: CurrencyCode;
}

export function toMoney(nanos: Nanos, currency: CurrencyCode | string = CurrencyCode.USD): Money {
  return { amount: formatDecimal(nanos), currency: currency as CurrencyCode };
}

export const UserErrorCode = Object.fromEntries(Object.keys(REFUSAL_CODES).map((code) => [code, code]));
registerEnumType(UserErrorCode, {
  name: 'UserErrorCode',
  description: 'Why a mutation was refused. The list is closed.',
  valuesConfig: Object.fromEntries(Object.entries(REFUSAL_CODES).map(([code, description]) => [code, { description }])),
});

@ObjectType({ description: 'A foreseen refusal: what is wrong, where in the input, and what would help.' })
@Tag('public')
@Shareable()
export class UserError {
  @Field(() => UserErrorCode, { description: 'What kind of refusal it is; branch on this.' })
  code!: string;
  @Field(() => [String], { nullable: true, description: 'Path to the input field at fault, if one is.' })
  field!: string[] | null;
  @Field(() => String, { description: 'A sentence for people, with the remedy.' })
  message!: string;
  @Field(() => JsonObject, {
    nullable: true,
    description: 'Machine-readable facts: the limit, what is left, the scope that limits.',
  })
  details!: Record<string, unknown> | null;
}

@ObjectType({ description: 'Proof that a mutation was recorded.' })
@Tag('public')
@Shareable()
export class MutationReceipt {
  @Field(() => ID, { description: 'Identifier of the audit record; evidence answers with the record and its proof.' })
  auditId!: string;
  @Field(() => String, { description: 'Revision of the access data that the mutation was decided on.' })
  accessRevision!: string;
  @Field(() => Boolean, { description: 'True when this answer repeats the first result of the same idempotency key.' })
  isReplay!: boolean;
}

/** What every mutation's payload has beside its entity. */
@ObjectType()
export abstract class MutationPayload {
  @Field(() => [UserError], { description: 'Why nothing was done; empty when it was.' })
  @ListSize({ assumedSize: 5 })
  userErrors!: UserError[];
  @Field(() => MutationReceipt, { nullable: true, description: 'The proof; null when nothing was done.' })
  receipt!: MutationReceipt | null;
}

@ObjectType({
  description: 'Events between two points of a stream that retention has removed. Read the present state instead.',
})
@Tag('public')
@Shareable()
export class StreamGap {
  @Field(() => Cursor, { description: 'The first position that is missing.' })
  from!: string;
  @Field(() => Cursor, { description: 'The last position that is missing.' })
  to!: string;
  @Field(() => Float, {
    description: 'How many positions are missing; not all of them need have concerned this stream.',
  })
  positions!: number;
}
