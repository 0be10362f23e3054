import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
  Subscription,
} from 'type-graphql';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { type DomainEvent, domainEvents, pastEvents } from '../../../../kernel/graphql/domain-event.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { Cursor } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload } from '../../../../kernel/graphql/shared-types.js';
import type { IncidentState } from '../domain/incident-lifecycle.js';
import { componentLoader } from '../store/component-queries.js';
import { incidentLoader, listIncidents } from '../store/incident-queries.js';
import { moveIncident } from '../usecases/move-incident.js';
import { openIncident } from '../usecases/open-incident.js';
import { StatusComponent, toStatusComponent } from './status-component-type.js';
import {
  Incident,
  IncidentAction,
  IncidentConnection,
  IncidentEvent,
  IncidentSeverity,
  IncidentStateEnum,
  toIncident,
} from './incident-type.js';

@ArgsType()
class IncidentsArgs extends PageArgs {
  @Field(() => IncidentStateEnum, { nullable: true, description: 'Only incidents in this state.' })
  state?: IncidentState;
}

@InputType({ description: 'What an incident is opened with.' })
class IncidentOpenInput {
  @Field(() => String, { description: 'What is wrong, in 3 to 200 characters.' })
  title!: string;
  @Field(() => String, { nullable: true, description: 'Who is impacted, and what is known.' })
  summary?: string;
  @Field(() => IncidentSeverity, { description: 'How bad it is.' })
  severity!: string;
  @Field(() => [String], {
    nullable: true,
    description: 'Status components that are concerned, by their own ids such as `gateway`; at most 50.',
  })
  componentIds?: string[];
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@InputType({ description: 'How an incident moves on.' })
class IncidentUpdateInput {
  @Field(() => ID, { description: 'The incident.' })
  id!: string;
  @Field(() => IncidentAction, { description: 'What happened to it.' })
  event!: string;
  @Field(() => String, { description: 'Why, for those who read it later.' })
  reason!: string;
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@ObjectType({ description: 'Answer to a mutation of an incident.' })
@Tag('operator')
class IncidentPayload extends MutationPayload {
  @Field(() => Incident, { nullable: true, description: 'The incident; null when nothing was done.' })
  incident!: Incident | null;
}

@Resolver(() => Incident)
export class IncidentResolver {
  @Query(() => IncidentConnection, { description: 'Incidents, newest first.' })
  @Tag('public')
  @ListSize({
    assumedSize: 20,
    slicingArguments: ['first', 'last'],
    sizedFields: ['nodes', 'edges'],
    requireOneSlicingArgument: false,
  })
  async incidents(
    @Args(() => IncidentsArgs) args: IncidentsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<Incident>> {
    context.requireSignIn();
    return toConnection(await listIncidents(context, args), toIncident);
  }

  @Query(() => Incident, { nullable: true, description: 'One incident; null when there is none with this identifier.' })
  @Tag('public')
  async incident(
    @Arg('id', () => ID, { description: 'The incident.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<Incident | null> {
    context.requireSignIn();
    return resolveIncident({ id }, context);
  }

  @Mutation(() => IncidentPayload, {
    description: 'Tells of an incident that people have noticed; the status components it names show it.',
  })
  @Tag('operator')
  @Access('registry.incident.open')
  incidentOpen(
    @Arg('input', () => IncidentOpenInput, { description: 'The incident.' }) input: IncidentOpenInput,
    @Ctx() context: RequestContext,
  ): Promise<IncidentPayload> {
    return context.mutate(openIncident, input, async ({ id }) => ({
      incident: await resolveIncident({ id }, context),
    }));
  }

  @Mutation(() => IncidentPayload, { description: 'Moves an incident to its next state.' })
  @Tag('operator')
  @Access('registry.incident.update')
  incidentUpdate(
    @Arg('input', () => IncidentUpdateInput, { description: 'The change.' }) input: IncidentUpdateInput,
    @Ctx() context: RequestContext,
  ): Promise<IncidentPayload> {
    return context.mutate(moveIncident, input, async ({ id }) => ({
      incident: await resolveIncident({ id }, context),
    }));
  }

  @FieldResolver(() => [StatusComponent], { description: 'Status components that it concerns; at most 50.' })
  @ListSize({ assumedSize: 5 })
  async components(@Root() incident: Incident, @Ctx() context: RequestContext): Promise<StatusComponent[]> {
    const rows = await Promise.all(incident.componentIds.map((id) => context.load(componentLoader, id)));
    return rows.filter((row) => row !== null).map(toStatusComponent);
  }
}

export async function resolveIncident(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<Incident | null> {
  const row = await context.load(incidentLoader, String(reference.id));
  return row === null ? null : toIncident(row);
}

// Incidents say what is wrong with the platform: whoever is signed in may follow them.
const TYPES = ['registry.incident.'];

@Resolver(() => IncidentEvent)
export class IncidentEventResolver {
  @Subscription(() => IncidentEvent, {
    description: 'Streams what happens to incidents, from after a cursor or from now on.',
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
  incidentEvents(
    @Arg('after', () => Cursor, { nullable: true, description: 'The last cursor seen.' }) _after: string | undefined,
    @Root() event: DomainEvent,
  ): IncidentEvent {
    return event as IncidentEvent;
  }

  @Query(() => [IncidentEvent], {
    name: 'incidentEvents',
    description: 'The same events as history, oldest first.',
  })
  @Tag('public')
  @ListSize({ assumedSize: 50, slicingArguments: ['first'], requireOneSlicingArgument: false })
  async incidentHistory(
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after:
      | string
      | undefined,
    @Arg('first', () => Int, { defaultValue: 50, description: 'How many, 1 to 100.' }) first: number,
    @Ctx() context: RequestContext,
  ): Promise<IncidentEvent[]> {
    context.requireSignIn();
    return pastEvents(context, { types: TYPES }, { after, first });
  }

  @FieldResolver(() => Incident, { nullable: true })
  async subject(@Root() event: IncidentEvent, @Ctx() context: RequestContext): Promise<Incident | null> {
    return event.subjectId === null ? null : resolveIncident({ id: event.subjectId }, context);
  }
}
