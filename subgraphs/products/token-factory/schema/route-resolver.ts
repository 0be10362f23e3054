import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { listPolicies, listRequests, listRoutes, targetsLoader } from '../store/token-factory-queries.js';
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
  ModelRouteTarget,
  toModelRoute,
} from './route-types.js';
import { PAGED } from './paged.js';
import { OrganizationStub, ProjectStub } from './stubs.js';

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
  @Tag('public')
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
  @Tag('public')
  async modelRoute(
    @Arg('id', () => ID, { description: 'The route.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<ModelRoute | null> {
    context.requireSignIn();
    return resolveRoute({ id }, context);
  }

  @Query(() => ModelPolicyConnection, { description: 'Limits of projects and API keys that the caller may read.' })
  @Tag('public')
  @ListSize(PAGED)
  async modelPolicies(
    @Args(() => ModelPoliciesArgs) args: ModelPoliciesArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ModelPolicy>> {
    context.requireSignIn();
    return toConnection(await listPolicies(context, args, args), (row): ModelPolicy => row);
  }

  @Query(() => ModelRequestConnection, { description: 'Requests to models that the caller may read, newest first.' })
  @Tag('public')
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
  @Tag('public')
  async modelRequest(
    @Arg('id', () => ID, { description: 'The request.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<ModelRequest | null> {
    context.requireSignIn();
    return resolveRequest({ id }, context);
  }

  @Mutation(() => ModelRoutePayload, { description: 'Creates a route as a draft.' })
  @Tag('public')
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
  @Tag('public')
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
  @Tag('public')
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
  @Tag('public')
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
  @Tag('public')
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
  @Tag('public')
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
