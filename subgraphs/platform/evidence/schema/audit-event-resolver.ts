import { Args, ArgsType, Ctx, Field, FieldResolver, ID, Int, Query, Resolver, Root, Subscription } from 'type-graphql';
import { PLATFORM_SCOPE, type Scope } from '../../../../kernel/access/authority.js';
import type { EventFeed, EventFilter } from '../../../../kernel/events/event-feed.js';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type DomainEvent, domainEvents, pastEvents } from '../../../../kernel/graphql/domain-event.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { Cursor } from '../../../../kernel/graphql/scalars.js';
import { AUDIT_READ } from '../store/audit-queries.js';
import { resolveAuditRecord } from './audit-record-resolver.js';
import { AuditEvent, AuditRecord } from './audit-record-type.js';

@ArgsType()
class AuditEventsArgs {
  @Field(() => ID, { nullable: true, description: 'Whose records; without it those of the whole platform.' })
  organizationId?: string;
  @Field(() => ID, { nullable: true, description: 'Only those of this project of the organization.' })
  projectId?: string;
  @Field(() => Cursor, { nullable: true, description: 'The last cursor seen.' })
  after?: string;
}

@ArgsType()
class AuditHistoryArgs extends AuditEventsArgs {
  @Field(() => Int, { defaultValue: 50, description: 'How many, 1 to 100.' })
  first!: number;
}

/** A project's events need both to match, so that a project named with a foreign organization shows nothing. */
function place(args: AuditEventsArgs): { scope: Scope; filter: EventFilter } {
  const { organizationId, projectId } = args;
  if (organizationId === undefined)
    return { scope: PLATFORM_SCOPE, filter: projectId === undefined ? {} : { projectId } };
  if (projectId === undefined)
    return { scope: { level: 'organization', id: organizationId, organizationId }, filter: { organizationId } };
  return { scope: { level: 'project', id: projectId, organizationId }, filter: { organizationId, projectId } };
}

type StreamCall = { args: Record<string, unknown>; context: RequestContext };

/** The audit log is followed by a feed of its own: a record is no event, and an event per record would double them. */
export function createAuditEventResolver(feed: EventFeed): object {
  @Resolver(() => AuditEvent)
  class AuditEventResolver {
    @Subscription(() => AuditEvent, {
      description: 'Streams audit records as they get their place in the log, from after a cursor or from now on.',
      subscribe: (call) => {
        const { args, context } = call as unknown as StreamCall;
        return domainEvents(
          context.stream({ permission: AUDIT_READ, ...place(args), after: args['after'] as string | undefined, feed }),
        );
      },
    })
    @Tag('public')
    auditEvents(@Args(() => AuditEventsArgs) _args: AuditEventsArgs, @Root() event: DomainEvent): AuditEvent {
      return event as AuditEvent;
    }

    @Query(() => [AuditEvent], { name: 'auditEvents', description: 'The same as history, oldest first.' })
    @Tag('public')
    @Access(AUDIT_READ)
    @ListSize({ assumedSize: 50, slicingArguments: ['first'], requireOneSlicingArgument: false })
    async auditHistory(
      @Args(() => AuditHistoryArgs) args: AuditHistoryArgs,
      @Ctx() context: RequestContext,
    ): Promise<AuditEvent[]> {
      const { scope, filter } = place(args);
      await context.require(AUDIT_READ, scope);
      return pastEvents(context, filter, args, feed);
    }

    @FieldResolver(() => AuditRecord, { nullable: true, description: 'The record.' })
    async subject(@Root() event: AuditEvent, @Ctx() context: RequestContext): Promise<AuditRecord | null> {
      return event.subjectId === null ? null : resolveAuditRecord({ id: event.subjectId }, context);
    }
  }
  return new AuditEventResolver();
}
