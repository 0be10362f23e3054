import {
  Arg,
  ArgsType,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Int,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import type { Scope } from '../../../../kernel/access/authority.js';
import { PlatformError } from '../../../../kernel/errors/platform-error.js';
import type { EventFilter } from '../../../../kernel/events/event-feed.js';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type DomainEvent, domainEvents, pastEvents } from '../../../../kernel/graphql/domain-event.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { Cursor } from '../../../../kernel/graphql/scalars.js';
import type { Directory } from '../../../platform/iam/index.js';
import { ALLOCATION_READ } from '../store/allocation-queries.js';
import { resolveAllocation } from './allocation-resolver.js';
import { Allocation, AllocationEvent } from './allocation-type.js';

@ArgsType()
class AllocationEventsArgs {
  @Field(() => ID, { nullable: true, description: 'Events of this project; or name an organization.' })
  projectId?: string;
  @Field(() => ID, { nullable: true, description: 'Events of all projects of this organization; or name a project.' })
  organizationId?: string;
  @Field(() => Cursor, { nullable: true, description: 'The last cursor seen: continues right after it.' })
  after?: string;
}

interface Watched {
  readonly scope: Scope;
  readonly filter: EventFilter;
}

@Resolver(() => AllocationEvent)
export class AllocationEventResolver {
  /** A subscription's `subscribe` is called without the resolver's instance: one directory per process. */
  static directory: Directory | undefined;
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
    AllocationEventResolver.directory = directory;
  }

  /** The scope that is watched; exactly one of project and organization must be named. */
  static async watched(directory: Directory, args: AllocationEventsArgs): Promise<Watched> {
    const { projectId, organizationId } = args;
    if ((projectId == null) === (organizationId == null)) {
      throw new PlatformError('BAD_USER_INPUT', 'Name either "projectId" or "organizationId".', {
        field: ['projectId'],
      });
    }
    const found =
      projectId == null ? await directory.organization(organizationId ?? '') : await directory.project(projectId);
    if (found === null) throw new PlatformError('NOT_FOUND', 'The thing that was named does not exist.');
    const types = ['allocations.allocation.'];
    const filter = projectId == null ? { types, organizationId: found.organizationId } : { types, projectId };
    return { scope: found.scope, filter };
  }

  @Subscription(() => AllocationEvent, {
    description:
      'Streams what happens to allocations of a project or an organization, from after a cursor or from now on.',
    subscribe: async ({ args, context }) => {
      const { directory } = AllocationEventResolver;
      if (directory === undefined) throw new PlatformError('UNAVAILABLE', 'The domain has not started.');
      const { after } = args as AllocationEventsArgs;
      const { scope, filter } = await AllocationEventResolver.watched(directory, args as AllocationEventsArgs);
      return domainEvents(
        (context as RequestContext).stream({ permission: ALLOCATION_READ, scope, filter, after }),
      ) as never;
    },
  })
  @Tag('public')
  allocationEvents(
    @Args(() => AllocationEventsArgs) _args: AllocationEventsArgs,
    @Root() event: DomainEvent,
  ): AllocationEvent {
    return event as AllocationEvent;
  }

  @Query(() => [AllocationEvent], {
    name: 'allocationEvents',
    description: 'The same events as history, oldest first.',
  })
  @Tag('public')
  @Access(ALLOCATION_READ)
  @ListSize({ slicingArguments: ['first'], assumedSize: 50, requireOneSlicingArgument: false })
  async allocationHistory(
    @Args(() => AllocationEventsArgs) args: AllocationEventsArgs,
    @Arg('first', () => Int, { defaultValue: 50, description: 'How many, 1 to 100.' }) first: number,
    @Ctx() context: RequestContext,
  ): Promise<AllocationEvent[]> {
    const { scope, filter } = await AllocationEventResolver.watched(this.#directory, args);
    await context.require(ALLOCATION_READ, scope);
    return pastEvents(context, filter, { after: args.after, first });
  }

  @FieldResolver(() => Allocation, { nullable: true })
  async subject(@Root() event: AllocationEvent, @Ctx() context: RequestContext): Promise<Allocation | null> {
    return event.subjectId === null ? null : resolveAllocation({ id: event.subjectId }, context);
  }
}
