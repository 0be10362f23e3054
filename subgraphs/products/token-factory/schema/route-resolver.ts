import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Access, ListSize } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import {
  READ,
  appEndpointsLoader,
  listPolicies,
  listRequests,
  listRoutes,
  scopeOf,
  targetsLoader,
} from '../store/token-factory-queries.js';
import type { createCreateRoute } from '../usecases/create-route.js';
import type { createMoveRoute } from '../usecases/move-route.js';
import type { createSetPolicy } from '../usecases/set-policy.js';
import type { createUpdateRoute } from '../usecases/update-route.js';
import {
  resolveEndpoint,
  resolveModel,
  resolvePolicy,
  resolveRequest,
  resolveRoute,
  toModelRequest,
} from './entity-access.js';
import { Model, ModelEndpoint } from './model-types.js';
import {
  ModelPoliciesArgs,
  ModelPolicyPayload,
  ModelPolicySetInput,
  ModelRequestsArgs,
  ModelRouteCreateInput,
  ModelRouteMoveInput,
  ModelRoutePayload,
  ModelRouteUpdateInput,
  ModelRoutesArgs,
} from './route-inputs.js';
import {
  ModelPolicy,
  ModelPolicyConnection,
  ModelRequest,
  ModelRequestConnection,
  ModelRoute,
  ModelRouteConnection,
  ModelRouteEvent,
  ModelRouteTarget,
  toModelRoute,
} from './route-types.js';
import { ApiKeyStub, AppInstanceStub, OrganizationStub, ProjectStub } from './stubs.js';

const PAGED = {
  assumedSize: 20,
  slicingArguments: ['first', 'last'],
  sizedFields: ['nodes', 'edges'],
  requireOneSlicingArgument: false,
};

export interface RouteCommands {
  readonly createRoute: ReturnType<typeof createCreateRoute>;
  readonly updateRoute: ReturnType<typeof createUpdateRoute>;
  readonly activateRoute: ReturnType<typeof createMoveRoute>;
  readonly disableRoute: ReturnType<typeof createMoveRoute>;
  readonly retireRoute: ReturnType<typeof createMoveRoute>;
  readonly setPolicy: ReturnType<typeof createSetPolicy>;
}

@Resolver(() => ModelRoute)
export class ModelRouteResolver {
  readonly #commands: RouteCommands;

  constructor(commands: RouteCommands) {
    this.#commands = commands;
  }

  @Query(() => ModelRouteConnection, { description: 'Routes that the caller may read, newest first.' })
  @ListSize(PAGED)
  async modelRoutes(
    @Args(() => ModelRoutesArgs) args: ModelRoutesArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ModelRoute>> {
    context.requireSignIn();
    return toConnection(await listRoutes(context, args, args), toModelRoute);
  }

  @Query(() => ModelRoute, {
    nullable: true,
    description: 'One route; null when there is none that the caller may see.',
  })
  async modelRoute(
    @Arg('id', () => ID, { description: 'The route.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<ModelRoute | null> {
    context.requireSignIn();
    return resolveRoute({ id }, context);
  }

  @Query(() => ModelPolicyConnection, { description: 'Limits of projects and API keys that the caller may read.' })
  @ListSize(PAGED)
  async modelPolicies(
    @Args(() => ModelPoliciesArgs) args: ModelPoliciesArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ModelPolicy>> {
    context.requireSignIn();
    return toConnection(await listPolicies(context, args, args), (row): ModelPolicy => row);
  }

  @Query(() => ModelRequestConnection, { description: 'Requests to models that the caller may read, newest first.' })
  @ListSize(PAGED)
  async modelRequests(
    @Args(() => ModelRequestsArgs) args: ModelRequestsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ModelRequest>> {
    context.requireSignIn();
    return toConnection(await listRequests(context, args, args), toModelRequest);
  }

  @Query(() => ModelRequest, {
    nullable: true,
    description: 'One request; null when there is none that the caller may see.',
  })
  async modelRequest(
    @Arg('id', () => ID, { description: 'The request.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<ModelRequest | null> {
    context.requireSignIn();
    return resolveRequest({ id }, context);
  }

  @Mutation(() => ModelRoutePayload, { description: 'Creates a route as a draft.' })
  @Access('token_factory.route.create')
  modelRouteCreate(
    @Arg('input', () => ModelRouteCreateInput, { description: 'The route.' }) input: ModelRouteCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<ModelRoutePayload> {
    return context.mutate(this.#commands.createRoute, input, async ({ id }) => ({
      modelRoute: await resolveRoute({ id }, context),
    }));
  }

  @Mutation(() => ModelRoutePayload, { description: 'Changes where a route leads. Gateways follow within a second.' })
  @Access('token_factory.route.update')
  modelRouteUpdate(
    @Arg('input', () => ModelRouteUpdateInput, { description: 'The change.' }) input: ModelRouteUpdateInput,
    @Ctx() context: RequestContext,
  ): Promise<ModelRoutePayload> {
    return context.mutate(this.#commands.updateRoute, input, async ({ id }) => ({
      modelRoute: await resolveRoute({ id }, context),
    }));
  }

  @Mutation(() => ModelRoutePayload, {
    description: 'Lets clients use a route. Every model behind it must have a price.',
  })
  @Access('token_factory.route.activate')
  modelRouteActivate(
    @Arg('input', () => ModelRouteMoveInput, { description: 'The route.' }) input: ModelRouteMoveInput,
    @Ctx() context: RequestContext,
  ): Promise<ModelRoutePayload> {
    return context.mutate(this.#commands.activateRoute, input, async ({ id }) => ({
      modelRoute: await resolveRoute({ id }, context),
    }));
  }

  @Mutation(() => ModelRoutePayload, { description: 'Switches a route off.' })
  @Access('token_factory.route.disable')
  modelRouteDisable(
    @Arg('input', () => ModelRouteMoveInput, { description: 'The route.' }) input: ModelRouteMoveInput,
    @Ctx() context: RequestContext,
  ): Promise<ModelRoutePayload> {
    return context.mutate(this.#commands.disableRoute, input, async ({ id }) => ({
      modelRoute: await resolveRoute({ id }, context),
    }));
  }

  @Mutation(() => ModelRoutePayload, { description: 'Ends a route for ever and frees its name.' })
  @Access('token_factory.route.retire')
  modelRouteRetire(
    @Arg('input', () => ModelRouteMoveInput, { description: 'The route.' }) input: ModelRouteMoveInput,
    @Ctx() context: RequestContext,
  ): Promise<ModelRoutePayload> {
    return context.mutate(this.#commands.retireRoute, input, async ({ id }) => ({
      modelRoute: await resolveRoute({ id }, context),
    }));
  }

  @Mutation(() => ModelPolicyPayload, { description: 'Sets all limits of a project, or of one of its API keys.' })
  @Access('token_factory.policy.set')
  modelPolicySet(
    @Arg('input', () => ModelPolicySetInput, { description: 'The limits.' }) input: ModelPolicySetInput,
    @Ctx() context: RequestContext,
  ): Promise<ModelPolicyPayload> {
    return context.mutate(this.#commands.setPolicy, input, async ({ id }) => ({
      modelPolicy: await resolvePolicy({ id }, context),
    }));
  }

  @FieldResolver(() => ProjectStub, {
    nullable: true,
    description: 'The project that owns it; null when its organization does.',
  })
  project(@Root() route: ModelRoute): ProjectStub | null {
    return route.projectId === null ? null : { id: route.projectId };
  }

  @FieldResolver(() => OrganizationStub, { nullable: true, description: 'The organization that it belongs to.' })
  organization(@Root() route: ModelRoute): OrganizationStub {
    return { id: route.organizationId };
  }

  @FieldResolver(() => [ModelRouteTarget], { description: 'Where it leads, in the order in which it was said.' })
  @ListSize({ assumedSize: 4 })
  async targets(@Root() route: ModelRoute, @Ctx() context: RequestContext): Promise<ModelRouteTarget[]> {
    return (await context.load(targetsLoader, route.id)) ?? [];
  }

  @FieldResolver(() => ModelRequestConnection, { description: 'Requests through it, newest first.' })
  @ListSize(PAGED)
  async requests(
    @Root() route: ModelRoute,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ModelRequest>> {
    return toConnection(await listRequests(context, args, { routeId: route.id }), toModelRequest);
  }
}

@Resolver(() => ModelRouteTarget)
export class ModelRouteTargetResolver {
  @FieldResolver(() => ModelEndpoint, { nullable: true, description: 'This endpoint only.' })
  async endpoint(@Root() target: ModelRouteTarget, @Ctx() context: RequestContext): Promise<ModelEndpoint | null> {
    return target.endpointId === null ? null : resolveEndpoint({ id: target.endpointId }, context);
  }

  @FieldResolver(() => Model, { nullable: true, description: 'Every ready endpoint of this model.' })
  async model(@Root() target: ModelRouteTarget, @Ctx() context: RequestContext): Promise<Model | null> {
    return target.modelId === null ? null : resolveModel({ id: target.modelId }, context);
  }
}

@Resolver(() => ModelPolicy)
export class ModelPolicyResolver {
  @FieldResolver(() => ProjectStub, { nullable: true, description: 'The project that it binds.' })
  project(@Root() policy: ModelPolicy): ProjectStub {
    return { id: policy.projectId };
  }

  @FieldResolver(() => ApiKeyStub, {
    nullable: true,
    description: 'The API key that it binds; null binds the whole project.',
  })
  apiKey(@Root() policy: ModelPolicy): ApiKeyStub | null {
    return policy.apiKeyId === null ? null : { id: policy.apiKeyId };
  }
}

@Resolver(() => ModelRequest)
export class ModelRequestResolver {
  @FieldResolver(() => ModelRoute, { nullable: true, description: 'The route that it came through.' })
  async route(@Root() request: ModelRequest, @Ctx() context: RequestContext): Promise<ModelRoute | null> {
    return resolveRoute({ id: request.routeId }, context);
  }

  @FieldResolver(() => Model, { nullable: true, description: 'The model that answered.' })
  async model(@Root() request: ModelRequest, @Ctx() context: RequestContext): Promise<Model | null> {
    return request.modelId === null ? null : resolveModel({ id: request.modelId }, context);
  }

  @FieldResolver(() => ProjectStub, { nullable: true, description: 'The project that pays.' })
  project(@Root() request: ModelRequest): ProjectStub {
    return { id: request.projectId };
  }

  @FieldResolver(() => ApiKeyStub, { nullable: true, description: 'The API key that it came with.' })
  apiKey(@Root() request: ModelRequest): ApiKeyStub | null {
    return request.apiKeyId === null ? null : { id: request.apiKeyId };
  }
}

@Resolver(() => ProjectStub)
export class ProjectModelsResolver {
  @FieldResolver(() => ModelRouteConnection, {
    nullable: true,
    description: 'Routes that the project owns, newest first.',
  })
  @ListSize(PAGED)
  async modelRoutes(
    @Root() project: ProjectStub,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ModelRoute>> {
    return toConnection(await listRoutes(context, args, { projectId: project.id }), toModelRoute);
  }

  @FieldResolver(() => ModelRequestConnection, {
    nullable: true,
    description: 'Requests to models that the project pays for, newest first.',
  })
  @ListSize(PAGED)
  async modelRequests(
    @Root() project: ProjectStub,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ModelRequest>> {
    return toConnection(await listRequests(context, args, { projectId: project.id }), toModelRequest);
  }

  @FieldResolver(() => ModelPolicyConnection, {
    nullable: true,
    description: 'Limits of the project and of its API keys.',
  })
  @ListSize(PAGED)
  async modelPolicies(
    @Root() project: ProjectStub,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ModelPolicy>> {
    return toConnection(await listPolicies(context, args, { projectId: project.id }), (row): ModelPolicy => row);
  }
}

@Resolver(() => AppInstanceStub)
export class AppInstanceModelsResolver {
  @FieldResolver(() => [ModelEndpoint], {
    nullable: true,
    description: 'Models that the instance serves: targets of routes while they are ready.',
  })
  @ListSize({ assumedSize: 2 })
  async modelEndpoints(@Root() instance: AppInstanceStub, @Ctx() context: RequestContext): Promise<ModelEndpoint[]> {
    const rows = (await context.load(appEndpointsLoader, instance.id)) ?? [];
    const shown: ModelEndpoint[] = [];
    for (const row of rows) {
      if (
        row.organizationId !== null &&
        (await context.can(READ.route, scopeOf({ organizationId: row.organizationId, projectId: row.projectId })))
      )
        shown.push(row);
    }
    return shown;
  }
}

@Resolver(() => ModelRouteEvent)
export class ModelRouteEventSubjectResolver {
  @FieldResolver(() => ModelRoute, { nullable: true })
  async subject(@Root() event: ModelRouteEvent, @Ctx() context: RequestContext): Promise<ModelRoute | null> {
    return event.subjectId === null ? null : resolveRoute({ id: event.subjectId }, context);
  }
}
