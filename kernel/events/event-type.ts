import type { z } from 'zod';
import { newId } from '../identifiers/type-id.js';
import type { Scope } from '../access/authority.js';
import type { Transaction } from '../database/transaction.js';

/** Topic of the outbox whose rows become the event log. */
export const EVENT_TOPIC = 'event';

/** `<domain>.<resource>.<past-tense verb>`, the kind of thing it is about, and the schema of its data. */
export interface EventType<Data extends z.ZodType = z.ZodType> {
  readonly type: string;
  /** GraphQL type of the subject, such as `Allocation`. */
  readonly subjectType: string;
  readonly description: string;
  readonly data: Data;
}

const NAME = /^[a-z][a-z_]*\.[a-z][a-z_]*\.[a-z][a-z_]*$/;

export function defineEvent<Data extends z.ZodType>(definition: EventType<Data>): EventType<Data> {
  if (!NAME.test(definition.type)) throw new Error(`event type "${definition.type}" is not <domain>.<resource>.<verb>`);
  return definition;
}

/** A CloudEvents 1.0 envelope in its JSON form, with our extension attributes. */
export interface CloudEvent {
  readonly [attribute: string]: unknown;
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly subjecttype: string;
  readonly organizationid: string | null;
  readonly projectid: string | null;
  readonly correlationid: string;
  readonly actorid: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface EventInput<Data extends z.ZodType> {
  readonly subjectId: string;
  /** Where the subject lives: decides who may hear of it. */
  readonly scope: Scope;
  readonly data: z.input<Data>;
}

/** Puts an event into the transaction's outbox. It is told if, and only if, the transaction commits. */
export function emitEvent<Data extends z.ZodType>(
  tx: Pick<Transaction, 'send'>,
  type: EventType<Data>,
  input: EventInput<Data>,
  origin: { correlationId: string; actorId: string; now: Date },
): CloudEvent {
  const event: CloudEvent = {
    specversion: '1.0',
    id: newId('evt'),
    source: `/${type.type.split('.', 1)[0] ?? ''}`,
    type: type.type,
    subject: input.subjectId,
    time: origin.now.toISOString(),
    datacontenttype: 'application/json',
    subjecttype: type.subjectType,
    organizationid: input.scope.organizationId,
    projectid: input.scope.level === 'project' ? input.scope.id : null,
    correlationid: origin.correlationId,
    actorid: origin.actorId,
    data: type.data.parse(input.data) as Record<string, unknown>,
  };
  tx.send({ topic: EVENT_TOPIC, organizationId: input.scope.organizationId, body: event });
  return event;
}
