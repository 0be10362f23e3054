import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { Access, Cost, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import {
  conditionsLoader,
  endpointLoader,
  endpointsLoader,
  instanceLoader,
  instancesOnLoader,
  lateReportsLoader,
  leaksLoader,
  listInstances,
  membersLoader,
  versionLoader,
  workItemsLoader,
} from '../store/apps-queries.js';
import { AppVersion, Project, toVersion } from './catalogue-types.js';
import { AppInstancesArgs } from './instance-inputs.js';
import {
  Allocation,
  AppCondition,
  AppEndpoint,
  AppInstance,
  AppInstanceConnection,
  AppLateReport,
  AppLeak,
  AppMember,
  PriceSnapshot,
  toCondition,
  toEndpoint,
  toInstance,
  toLateReport,
  toLeak,
  toMember,
} from './instance-types.js';
import { AppWorkItem, toWorkItem } from './work-item-types.js';

const READ = 'apps.instance.read';
const PAGE = {
  assumedSize: 20,
  slicingArguments: ['first', 'last'],
  sizedFields: ['nodes', 'edges'],
  requireOneSlicingArgument: false,
};

@Resolver(() => AppInstance)
export class InstanceResolver {
  @Query(() => AppInstanceConnection, { description: 'App instances that the caller may see, newest first.' })
  @Tag('public')
  @Access(READ)
  @ListSize(PAGE)
  async appInstances(
    @Args(() => AppInstancesArgs) args: AppInstancesArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<AppInstance>> {
    context.requireSignIn();
    return toConnection(await listInstances(context, args, args), toInstance);
  }

  @Query(() => AppInstance, {
    nullable: true,
    description: 'One app instance; null when there is none with this identifier, or the caller may not see it.',
  })
  @Tag('public')
  @Access(READ)
  async appInstance(
    @Arg('id', () => ID, { description: 'The app instance.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<AppInstance | null> {
    context.requireSignIn();
    return resolveInstance({ id }, context);
  }

  @FieldResolver(() => AppVersion, { nullable: true, description: 'The version that it runs, or is to run.' })
  async version(@Root() instance: AppInstance, @Ctx() context: RequestContext): Promise<AppVersion | null> {
    const row = await context.load(versionLoader, instance.versionId);
    return row === null ? null : toVersion(row);
  }

  @FieldResolver(() => Project, { nullable: true, description: 'The project that owns it.' })
  project(@Root() instance: AppInstance): Project {
    return { id: instance.projectId };
  }

  @FieldResolver(() => Allocation, { nullable: true, description: 'The allocation that it runs on.' })
  allocation(@Root() instance: AppInstance): Allocation {
    return { id: instance.allocationId };
  }

  @FieldResolver(() => PriceSnapshot, {
    nullable: true,
    description: 'The price of its run time, frozen at the launch; null for one that costs nothing.',
  })
  priceSnapshot(@Root() instance: AppInstance): PriceSnapshot | null {
    return instance.priceSnapshotId === null ? null : { id: instance.priceSnapshotId };
  }

  @FieldResolver(() => [AppCondition], { description: 'What is known of it, by type.' })
  @ListSize({ assumedSize: 6 })
  async conditions(@Root() instance: AppInstance, @Ctx() context: RequestContext): Promise<AppCondition[]> {
    return ((await context.load(conditionsLoader, instance.id)) ?? []).map(toCondition);
  }

  @FieldResolver(() => [AppEndpoint], { description: 'How it is reached, by name.' })
  @ListSize({ assumedSize: 4 })
  async endpoints(@Root() instance: AppInstance, @Ctx() context: RequestContext): Promise<AppEndpoint[]> {
    return ((await context.load(endpointsLoader, instance.id)) ?? []).map(toEndpoint);
  }

  @FieldResolver(() => [AppMember], { description: 'Its parts, as its worker tells.' })
  @ListSize({ assumedSize: 10 })
  async members(@Root() instance: AppInstance, @Ctx() context: RequestContext): Promise<AppMember[]> {
    return ((await context.load(membersLoader, instance.id)) ?? []).map(toMember);
  }

  @FieldResolver(() => [AppWorkItem], { description: 'Its newest 20 work items, newest first.' })
  @ListSize({ assumedSize: 20 })
  async workItems(@Root() instance: AppInstance, @Ctx() context: RequestContext): Promise<AppWorkItem[]> {
    return ((await context.load(workItemsLoader, instance.id)) ?? []).map(toWorkItem);
  }

  @FieldResolver(() => [AppLateReport], { description: 'The newest 20 writes that came too late, newest first.' })
  @ListSize({ assumedSize: 20 })
  @Cost(2)
  @Tag('operator')
  async lateReports(@Root() instance: AppInstance, @Ctx() context: RequestContext): Promise<AppLateReport[]> {
    return ((await context.load(lateReportsLoader, instance.id)) ?? []).map(toLateReport);
  }

  @FieldResolver(() => [AppLeak], { description: 'What was reclaimed although nobody confirmed that it is gone.' })
  @ListSize({ assumedSize: 2 })
  @Tag('operator')
  async leaks(@Root() instance: AppInstance, @Ctx() context: RequestContext): Promise<AppLeak[]> {
    return ((await context.load(leaksLoader, instance.id)) ?? []).map(toLeak);
  }
}

@Resolver(() => AppEndpoint)
export class EndpointResolver {
  @FieldResolver(() => AppInstance, { nullable: true, description: 'The instance it belongs to.' })
  instance(@Root() endpoint: AppEndpoint, @Ctx() context: RequestContext): Promise<AppInstance | null> {
    return resolveInstance({ id: endpoint.instanceId }, context);
  }
}

@Resolver(() => Project)
export class ProjectAppsResolver {
  @FieldResolver(() => AppInstanceConnection, {
    nullable: true,
    description: 'Its app instances that the caller may see, newest first.',
  })
  @ListSize(PAGE)
  async appInstances(
    @Root() project: Project,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<AppInstance>> {
    context.requireSignIn();
    return toConnection(await listInstances(context, { projectId: project.id }, page), toInstance);
  }
}

@Resolver(() => Allocation)
export class AllocationAppsResolver {
  @FieldResolver(() => [AppInstance], {
    nullable: true,
    description: 'The newest 20 app instances on it that the caller may see.',
  })
  @ListSize({ assumedSize: 5 })
  async appInstances(@Root() allocation: Allocation, @Ctx() context: RequestContext): Promise<AppInstance[]> {
    context.requireSignIn();
    return ((await context.load(instancesOnLoader, allocation.id)) ?? []).map(toInstance);
  }
}

export async function resolveInstance(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<AppInstance | null> {
  const row = await context.load(instanceLoader, String(reference['id']));
  return row === null ? null : toInstance(row);
}

export async function resolveEndpoint(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<AppEndpoint | null> {
  const row = await context.load(endpointLoader, String(reference['id']));
  return row === null ? null : toEndpoint(row);
}
