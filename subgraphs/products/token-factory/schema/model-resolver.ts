import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { READ, listEndpoints, listModels, listProviders } from '../store/token-factory-queries.js';
import { createEndpoint } from '../usecases/create-endpoint.js';
import type { createCreateProvider } from '../usecases/create-provider.js';
import { registerModel } from '../usecases/register-model.js';
import { updateEndpoint } from '../usecases/update-endpoint.js';
import type { createUpdateProvider } from '../usecases/update-provider.js';
import { resolveEndpoint, resolveModel, resolveProvider } from './entity-access.js';
import {
  ModelEndpointCreateInput,
  ModelEndpointPayload,
  ModelEndpointUpdateInput,
  ModelPayload,
  ModelRegisterInput,
  ProviderAccountCreateInput,
  ProviderAccountPayload,
  ProviderAccountUpdateInput,
} from './model-inputs.js';
import {
  Model,
  ModelConnection,
  ModelEndpoint,
  ModelEndpointConnection,
  ProviderAccount,
  ProviderAccountConnection,
} from './model-types.js';
import { ModelEndpointsArgs } from './route-inputs.js';
import { PAGED } from './paged.js';
import { AppInstanceStub } from './stubs.js';

@Resolver()
export class CatalogueResolver {
  readonly #createProvider: ReturnType<typeof createCreateProvider>;
  readonly #updateProvider: ReturnType<typeof createUpdateProvider>;

  constructor(commands: {
    createProvider: ReturnType<typeof createCreateProvider>;
    updateProvider: ReturnType<typeof createUpdateProvider>;
  }) {
    this.#createProvider = commands.createProvider;
    this.#updateProvider = commands.updateProvider;
  }

  @Query(() => ModelConnection, { description: 'The catalogue of models, newest first.' })
  @Tag('public')
  @ListSize(PAGED)
  async models(@Args(() => PageArgs) args: PageArgs, @Ctx() context: RequestContext): Promise<Connection<Model>> {
    context.requireSignIn();
    return toConnection(await listModels(context, args), (row): Model => row);
  }

  @Query(() => Model, { nullable: true, description: 'One model; null when there is none with this identifier.' })
  @Tag('public')
  async model(
    @Arg('id', () => ID, { description: 'The model.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<Model | null> {
    context.requireSignIn();
    return resolveModel({ id }, context);
  }

  @Query(() => ProviderAccountConnection, { description: 'Provider accounts, newest first. Operators only.' })
  @Tag('operator')
  @Access(READ.provider)
  @ListSize(PAGED)
  async providerAccounts(
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ProviderAccount>> {
    await context.require(READ.provider, PLATFORM_SCOPE);
    return toConnection(await listProviders(context, args), (row): ProviderAccount => row);
  }

  @Query(() => ProviderAccount, { nullable: true, description: 'One provider account. Operators only.' })
  @Tag('operator')
  @Access(READ.provider)
  async providerAccount(
    @Arg('id', () => ID, { description: 'The provider account.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<ProviderAccount | null> {
    await context.require(READ.provider, PLATFORM_SCOPE);
    return resolveProvider({ id }, context);
  }

  @Query(() => ModelEndpointConnection, { description: 'Places where models are served, newest first.' })
  @Tag('public')
  @ListSize(PAGED)
  async modelEndpoints(
    @Args(() => ModelEndpointsArgs) args: ModelEndpointsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ModelEndpoint>> {
    context.requireSignIn();
    return toConnection(await listEndpoints(context, args), (row): ModelEndpoint => row);
  }

  @Mutation(() => ModelPayload, { description: 'Adds a model to the catalogue, or corrects the one with this slug.' })
  @Tag('operator')
  @Access('token_factory.model.register')
  modelRegister(
    @Arg('input', () => ModelRegisterInput, { description: 'The model.' }) input: ModelRegisterInput,
    @Ctx() context: RequestContext,
  ): Promise<ModelPayload> {
    return context.mutate(registerModel, input, async ({ id }) => ({ model: await resolveModel({ id }, context) }));
  }

  @Mutation(() => ProviderAccountPayload, { description: 'Adds a provider account.' })
  @Tag('operator')
  @Access('token_factory.provider.create')
  providerAccountCreate(
    @Arg('input', () => ProviderAccountCreateInput, { description: 'The provider account.' })
    input: ProviderAccountCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<ProviderAccountPayload> {
    return context.mutate(this.#createProvider, input, async ({ id }) => ({
      providerAccount: await resolveProvider({ id }, context),
    }));
  }

  @Mutation(() => ProviderAccountPayload, { description: 'Changes a provider account.' })
  @Tag('operator')
  @Access('token_factory.provider.update')
  providerAccountUpdate(
    @Arg('input', () => ProviderAccountUpdateInput, { description: 'The change.' }) input: ProviderAccountUpdateInput,
    @Ctx() context: RequestContext,
  ): Promise<ProviderAccountPayload> {
    return context.mutate(this.#updateProvider, input, async ({ id }) => ({
      providerAccount: await resolveProvider({ id }, context),
    }));
  }

  @Mutation(() => ModelEndpointPayload, { description: 'Says that a provider serves a model.' })
  @Tag('operator')
  @Access('token_factory.endpoint.create')
  modelEndpointCreate(
    @Arg('input', () => ModelEndpointCreateInput, { description: 'The endpoint.' }) input: ModelEndpointCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<ModelEndpointPayload> {
    return context.mutate(createEndpoint, input, async ({ id }) => ({
      modelEndpoint: await resolveEndpoint({ id }, context),
    }));
  }

  @Mutation(() => ModelEndpointPayload, { description: 'Takes an endpoint out of all routes, or puts it back.' })
  @Tag('operator')
  @Access('token_factory.endpoint.update')
  modelEndpointUpdate(
    @Arg('input', () => ModelEndpointUpdateInput, { description: 'The change.' }) input: ModelEndpointUpdateInput,
    @Ctx() context: RequestContext,
  ): Promise<ModelEndpointPayload> {
    return context.mutate(updateEndpoint, input, async ({ id }) => ({
      modelEndpoint: await resolveEndpoint({ id }, context),
    }));
  }
}

@Resolver(() => ModelEndpoint)
export class ModelEndpointResolver {
  @FieldResolver(() => Model, {
    nullable: true,
    description: 'What is served; null while an app instance has not said yet.',
  })
  async model(@Root() endpoint: ModelEndpoint, @Ctx() context: RequestContext): Promise<Model | null> {
    return endpoint.modelId === null ? null : resolveModel({ id: endpoint.modelId }, context);
  }

  @FieldResolver(() => ProviderAccount, { nullable: true, description: 'Who serves it. Operators only.' })
  @Tag('operator')
  @Access(READ.provider)
  async providerAccount(
    @Root() endpoint: ModelEndpoint,
    @Ctx() context: RequestContext,
  ): Promise<ProviderAccount | null> {
    return endpoint.providerAccountId === null ? null : resolveProvider({ id: endpoint.providerAccountId }, context);
  }

  @FieldResolver(() => AppInstanceStub, { nullable: true, description: 'The app instance that serves it.' })
  appInstance(@Root() endpoint: ModelEndpoint): AppInstanceStub | null {
    return endpoint.appInstanceId === null ? null : { id: endpoint.appInstanceId };
  }
}
