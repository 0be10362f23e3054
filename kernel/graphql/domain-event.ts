import 'reflect-metadata';
import { Field, ID, ObjectType } from 'type-graphql';
import type { EventFeed, EventFilter } from '../events/event-feed.js';
import type { StreamItem } from '../events/event-stream.js';
import { encodeCursor } from '../events/cursor.js';
import { Cursor, DateTime, JsonObject } from './scalars.js';
import type { RequestContext } from './request-context.js';
import { StreamGap } from './shared-types.js';

/** What every event of every stream has. A domain extends it with `subject`, the entity it is about. */
@ObjectType()
export abstract class DomainEvent {
  @Field(() => Cursor, { description: 'Reconnect with the last one seen: nothing is lost and nothing repeated.' })
  cursor!: string;
  @Field(() => String, {
    description:
      '`<domain>.<resource>.<past-tense verb>`, `stream.gap` when events were removed by retention, or `stream.opened` as the first of a stream that was asked to begin `after: "now"`.',
  })
  type!: string;
  @Field(() => DateTime, { description: 'When it happened.' })
  occurredAt!: Date;
  @Field(() => String, { description: 'The correlation id of the request that caused it.' })
  correlationId!: string;
  @Field(() => ID, { nullable: true, description: 'Who caused it.' })
  actorId!: string | null;
  @Field(() => ID, { nullable: true, description: 'Identifier of what it is about.' })
  subjectId!: string | null;
  @Field(() => JsonObject, { description: 'Facts of the event; the JSON Schema of each type is in `schema/events`.' })
  data!: Record<string, unknown>;
  @Field(() => StreamGap, { nullable: true, description: 'Set on a `stream.gap` event only: what is missing.' })
  gap!: StreamGap | null;
  /** Not in the schema: the GraphQL type of the subject. */
  subjectType!: string | null;
}

/** Shapes an item of a stream for GraphQL. */
export function toDomainEvent(item: StreamItem): DomainEvent {
  if (item.kind === 'opened') return notice('stream.opened', encodeCursor(item.position), null);
  if (item.kind === 'gap') {
    const { from, to } = item.gap;
    const cursor = encodeCursor(to);
    return notice('stream.gap', cursor, { from: encodeCursor(from), to: cursor, positions: Number(to - from + 1n) });
  }
  const { event, position } = item.entry;
  return {
    cursor: encodeCursor(position),
    type: event.type,
    occurredAt: new Date(event.time),
    correlationId: event.correlationid,
    actorId: event.actorid,
    subjectId: event.subject,
    subjectType: event.subjecttype,
    data: event.data,
    gap: null,
  };
}

/** An event about the stream itself. */
function notice(type: string, cursor: string, gap: StreamGap | null): DomainEvent {
  return {
    cursor,
    type,
    occurredAt: new Date(),
    correlationId: '',
    actorId: null,
    subjectId: null,
    subjectType: null,
    data: {},
    gap,
  };
}

/** Turns a stream of the kernel into what a `subscribe` function returns. */
export function domainEvents(items: AsyncIterableIterator<StreamItem>): AsyncIterableIterator<DomainEvent> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      const result = await items.next();
      return result.done === true
        ? { value: undefined, done: true }
        : { value: toDomainEvent(result.value), done: false };
    },
    async return() {
      await items.return?.();
      return { value: undefined, done: true };
    },
  };
}

const HISTORY_MAXIMUM = 100;

/** The twin query of a stream: events after a cursor, oldest first, between 1 and 100 of them. The caller checks access. */
export async function pastEvents<Event extends DomainEvent>(
  context: RequestContext,
  filter: EventFilter,
  page: { readonly after?: string | null | undefined; readonly first: number },
  feed?: EventFeed,
): Promise<Event[]> {
  const limit = Math.min(Math.max(page.first, 1), HISTORY_MAXIMUM);
  const items = await context.history(filter, page.after, limit, feed);
  return items.map((item) => toDomainEvent(item) as Event);
}
