import { Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { ListSize } from '../../../../kernel/federation/directives.js';
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
} from '../store/token-factory-queries.js';
import { PAGED } from './paged.js';
import { resolveModel, resolveRoute, toModelRequest } from './entity-access.js';
import { Model, ModelEndpoint } from './model-types.js';
import {
  ModelPolicy,
  ModelPolicyConnection,
  ModelRequest,
  ModelRequestConnection,
  ModelRoute,
  ModelRouteConnection,
  ModelRouteEvent,
  toModelRoute,
} from './route-types.js';
import { ApiKeyStub, AppInstanceStub, ProjectStub } from './stubs.js';

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
