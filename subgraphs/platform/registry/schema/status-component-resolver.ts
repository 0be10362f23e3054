import {
  Arg,
  Args,
  ArgsType,
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
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { type DomainEvent, domainEvents, pastEvents } from '../../../../kernel/graphql/domain-event.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { Cursor } from '../../../../kernel/graphql/scalars.js';
import { componentLoader, listComponents } from '../store/component-queries.js';
import { openIncidentsLoader } from '../store/incident-queries.js';
import { Incident, toIncident } from './incident-type.js';
import { resolveProduct } from './product-resolver.js';
import { Product } from './product-type.js';
import {
  ComponentFamily,
  StatusComponent,
  StatusComponentConnection,
  StatusEvent,
  toStatusComponent,
} from './status-component-type.js';

@ArgsType()
class StatusComponentsArgs extends PageArgs {
  @Field(() => ComponentFamily, { nullable: true, description: 'Only components of this part of the platform.' })
  family?: string;
  @Field(() => String, {
    nullable: true,
    description: 'Only components of this product, by its own id such as `allocations`.',
  })
  productId?: string;
}

@Resolver(() => StatusComponent)
export class StatusComponentResolver {
  @Query(() => StatusComponentConnection, { description: 'Status components in the order of their ids.' })
  @Tag('public')
  @ListSize({
    assumedSize: 20,
    slicingArguments: ['first', 'last'],
    sizedFields: ['nodes', 'edges'],
    requireOneSlicingArgument: false,
  })
  async statusComponents(
    @Args(() => StatusComponentsArgs) args: StatusComponentsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<StatusComponent>> {
    context.requireSignIn();
    return toConnection(await listComponents(context, args), toStatusComponent);
  }

  @Query(() => StatusComponent, {
    nullable: true,
    description: 'One component; null when there is none with this identifier.',
  })
  @Tag('public')
  async statusComponent(
    @Arg('id', () => ID, { description: 'The component, by its TypeID or by its own id such as `gateway`.' })
    id: string,
    @Ctx() context: RequestContext,
  ): Promise<StatusComponent | null> {
    context.requireSignIn();
    return resolveStatusComponent({ id }, context);
  }

  @FieldResolver(() => Product, { nullable: true, description: 'The product it belongs to.' })
  product(@Root() component: StatusComponent, @Ctx() context: RequestContext): Promise<Product | null> {
    return resolveProduct({ id: component.ownerId }, context);
  }

  @FieldResolver(() => [Incident], {
    description: 'Incidents that concern it and are not resolved, newest first; at most 20.',
  })
  @ListSize({ assumedSize: 5 })
  async openIncidents(@Root() component: StatusComponent, @Ctx() context: RequestContext): Promise<Incident[]> {
    return ((await context.load(openIncidentsLoader, component.componentId)) ?? []).map(toIncident);
  }
}

export async function resolveStatusComponent(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<StatusComponent | null> {
  const row = await context.load(componentLoader, String(reference['id']));
  return row === null ? null : toStatusComponent(row);
}

const TYPES = ['registry.component.'];

@Resolver(() => StatusEvent)
export class StatusEventResolver {
  @Subscription(() => StatusEvent, {
    description: 'Streams changes of the health of status components, from after a cursor or from now on.',
    subscribe: ({ args, context }) =>
      domainEvents(
        (context as RequestContext).stream({
          permission: null,
          scope: PLATFORM_SCOPE,
          filter: { types: TYPES },
          after: (args as { after?: string }).after,
        }),
      ),
  })
  @Tag('public')
  statusEvents(
    @Arg('after', () => Cursor, { nullable: true, description: 'The last cursor seen.' }) _after: string | undefined,
    @Root() event: DomainEvent,
  ): StatusEvent {
    return event as StatusEvent;
  }

  @Query(() => [StatusEvent], { name: 'statusEvents', description: 'The same events as history, oldest first.' })
  @Tag('public')
  @ListSize({ assumedSize: 50, slicingArguments: ['first'], requireOneSlicingArgument: false })
  async statusHistory(
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after:
      | string
      | undefined,
    @Arg('first', () => Int, { defaultValue: 50, description: 'How many, 1 to 100.' }) first: number,
    @Ctx() context: RequestContext,
  ): Promise<StatusEvent[]> {
    context.requireSignIn();
    return pastEvents(context, { types: TYPES }, { after, first });
  }

  @FieldResolver(() => StatusComponent, { nullable: true, description: 'The component, as it is now.' })
  async subject(@Root() event: StatusEvent, @Ctx() context: RequestContext): Promise<StatusComponent | null> {
    return event.subjectId === null ? null : resolveStatusComponent({ id: event.subjectId }, context);
  }
}
