import { Arg, Ctx, FieldResolver, ID, Int, Query, Resolver, Root, Subscription } from 'type-graphql';
import type { Scope } from '../../../../kernel/access/authority.js';
import { PlatformError } from '../../../../kernel/errors/platform-error.js';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type DomainEvent, domainEvents, pastEvents } from '../../../../kernel/graphql/domain-event.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { Cursor } from '../../../../kernel/graphql/scalars.js';
import type { Directory } from '../../../platform/iam/index.js';
import { resolveInstance } from './instance-resolver.js';
import { AppInstance, AppInstanceEvent } from './instance-types.js';

const READ = 'apps.instance.read';
const TYPES = ['apps.instance.'];

/** The directory, for `subscribe`: type-graphql calls it without an instance. */
export type DirectoryOf = Pick<Directory, 'project'>;

async function scopeOf(directory: DirectoryOf, projectId: string): Promise<Scope> {
  const project = await directory.project(projectId);
  if (project === null) throw new PlatformError('NOT_FOUND', 'The project does not exist.');
  return project.scope;
}

/** Made per composition: a subscription's function cannot reach the resolver's own fields. */
export function createInstanceEventResolver(directory: DirectoryOf): object {
  @Resolver(() => AppInstanceEvent)
  class InstanceEventResolver {
    @Subscription(() => AppInstanceEvent, {
      description: 'Streams what happens to the app instances of a project, from after a cursor or from now on.',
      subscribe: async ({ args, context }) => {
        const { projectId, after } = args as { projectId: string; after?: string };
        const request = context as RequestContext;
        request.requireSignIn();
        const scope = await scopeOf(directory, projectId);
        return domainEvents(request.stream({ permission: READ, scope, filter: { types: TYPES, projectId }, after }));
      },
    })
    @Tag('public')
    appInstanceEvents(
      @Arg('projectId', () => ID, { description: 'The project, by its TypeID (`prj_…`).' }) _projectId: string,
      @Arg('after', () => Cursor, { nullable: true, description: 'The last cursor seen.' }) _after: string | undefined,
      @Root() event: DomainEvent,
    ): AppInstanceEvent {
      return event as AppInstanceEvent;
    }

    @Query(() => [AppInstanceEvent], {
      name: 'appInstanceEvents',
      description: 'The same events as history, oldest first.',
    })
    @Tag('public')
    @Access(READ)
    @ListSize({ assumedSize: 50, slicingArguments: ['first'], requireOneSlicingArgument: false })
    async appInstanceHistory(
      @Arg('projectId', () => ID, { description: 'The project, by its TypeID (`prj_…`).' }) projectId: string,
      @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after:
        | string
        | undefined,
      @Arg('first', () => Int, { defaultValue: 50, description: 'How many, 1 to 100.' }) first: number,
      @Ctx() context: RequestContext,
    ): Promise<AppInstanceEvent[]> {
      context.requireSignIn();
      await context.require(READ, await scopeOf(directory, projectId));
      return pastEvents(context, { types: TYPES, projectId }, { after, first });
    }

    @FieldResolver(() => AppInstance, { nullable: true })
    async subject(@Root() event: AppInstanceEvent, @Ctx() context: RequestContext): Promise<AppInstance | null> {
      return event.subjectId === null ? null : resolveInstance({ id: event.subjectId }, context);
    }
  }
  return new InstanceEventResolver();
}
