import { Arg, Args, ArgsType, Ctx, Field, ID, Int, Query, Resolver, Root, Subscription } from 'type-graphql';
import type { Scope } from '../../../../kernel/access/authority.js';
import { PlatformError } from '../../../../kernel/errors/platform-error.js';
import type { EventFilter } from '../../../../kernel/events/event-feed.js';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type DomainEvent, domainEvents, pastEvents } from '../../../../kernel/graphql/domain-event.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { Cursor } from '../../../../kernel/graphql/scalars.js';
import type { Directory } from '../../../platform/iam/index.js';
import { READ } from '../store/token-factory-queries.js';
import { ownerScope } from '../usecases/route-scope.js';
import { ModelRouteEvent } from './route-types.js';

@ArgsType()
class ModelRouteEventsArgs {
  @Field(() => ID, {
    nullable: true,
    description: 'Events of the routes of this project; name it or the organization.',
  })
  projectId?: string;
  @Field(() => ID, { nullable: true, description: 'Events of all routes of this organization and its projects.' })
  organizationId?: string;
  @Field(() => Cursor, { nullable: true, description: 'The last cursor seen.' })
  after?: string;
}

async function watched(
  directory: Directory,
  args: ModelRouteEventsArgs,
): Promise<{ scope: Scope; filter: EventFilter }> {
  if (args.projectId !== undefined && args.organizationId !== undefined) {
    throw new PlatformError('BAD_USER_INPUT', 'Name either "projectId" or "organizationId".', { field: ['projectId'] });
  }
  const scope = await ownerScope(directory, args);
  if (scope === null || scope.organizationId === null) {
    throw new PlatformError('NOT_FOUND', 'Name a project or an organization that exists.', {
      field: [args.projectId === undefined ? 'organizationId' : 'projectId'],
    });
  }
  const types = ['token_factory.route.'];
  const filter =
    scope.level === 'project' ? { types, projectId: scope.id } : { types, organizationId: scope.organizationId };
  return { scope, filter };
}

/**
 * The stream of route events and its twin query. Made by a function, because `subscribe` belongs to the decorator and
 * needs the directory to find the scope of what is watched.
 */
export function createRouteEventResolver(directory: Directory): object {
  @Resolver()
  class RouteEventResolver {
    @Subscription(() => ModelRouteEvent, {
      description: 'Streams what happens to model routes, from after a cursor or from now on.',
      subscribe: async ({ args, context }) => {
        const { after, ...where } = args as ModelRouteEventsArgs;
        const { scope, filter } = await watched(directory, where);
        return domainEvents((context as RequestContext).stream({ permission: READ.route, scope, filter, after }));
      },
    })
    @Tag('public')
    modelRouteEvents(
      @Args(() => ModelRouteEventsArgs) _args: ModelRouteEventsArgs,
      @Root() event: DomainEvent,
    ): ModelRouteEvent {
      return event as ModelRouteEvent;
    }

    @Query(() => [ModelRouteEvent], {
      name: 'modelRouteEvents',
      description: 'The same events as history, oldest first.',
    })
    @ListSize({ assumedSize: 50, slicingArguments: ['first'], requireOneSlicingArgument: false })
    @Tag('public')
    @Access(READ.route)
    async modelRouteHistory(
      @Args(() => ModelRouteEventsArgs) args: ModelRouteEventsArgs,
      @Arg('first', () => Int, { defaultValue: 50, description: 'How many, 1 to 100.' }) first: number,
      @Ctx() context: RequestContext,
    ): Promise<ModelRouteEvent[]> {
      context.requireSignIn();
      const { scope, filter } = await watched(directory, args);
      await context.require(READ.route, scope);
      return pastEvents(context, filter, { after: args.after, first });
    }
  }
  return new RouteEventResolver();
}
