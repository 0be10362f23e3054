import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Field,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
} from 'type-graphql';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { MutationPayload } from '../../../../kernel/graphql/shared-types.js';
import { listRegions, listSkus, regionLoader, skuLoader } from '../store/catalogue-queries.js';
import { createRegion } from '../usecases/create-region.js';
import { createSku } from '../usecases/create-sku.js';
import { setSkuOffer } from '../usecases/set-sku-offer.js';
import { Region, RegionConnection, ResourceClassEnum, Sku, SkuConnection, toRegion, toSku } from './catalogue-types.js';

const PAGE = {
  assumedSize: 20,
  slicingArguments: ['first', 'last'],
  sizedFields: ['nodes', 'edges'],
  requireOneSlicingArgument: false,
};
const KEY = 'One per logical mutation; a replay answers with the first result.';

@ArgsType()
class SkusArgs extends PageArgs {
  @Field(() => Boolean, { nullable: true, description: 'Only those that are offered, or that are not.' })
  isActive?: boolean;
}

@InputType({ description: 'A size of virtual machine.' })
class VmProfileInput {
  @Field(() => String, { description: 'Name, such as `h200_1g_24c_64g`.' })
  name!: string;
  @Field(() => Int, { description: 'GPUs of the machine.' })
  gpuCount!: number;
  @Field(() => Int, { description: 'Virtual CPUs.' })
  vcpus!: number;
  @Field(() => Int, { description: 'Memory in GiB.' })
  memoryGib!: number;
}

@InputType({ description: 'A kind of capacity to be offered.' })
class SkuCreateInput {
  @Field(() => String, { description: 'Unique name, such as `h200-sxm-slice`.' })
  name!: string;
  @Field(() => String, { description: 'Who makes the hardware.' })
  vendor!: string;
  @Field(() => String, { description: 'Name for people.' })
  displayName!: string;
  @Field(() => ResourceClassEnum, { description: 'What kind of resource it is.' })
  resourceClass!: string;
  @Field(() => String, { description: '`gpu_hour` or `node_hour`.' })
  billingUnit!: string;
  @Field(() => [Int], { description: 'How many GPUs an allocation may have.' })
  allowedGpuCounts!: number[];
  @Field(() => String, { nullable: true, description: "The maker's name of the GPU, such as `H100`." })
  gpuModel?: string;
  @Field(() => String, { nullable: true, description: 'The fabric between GPUs and nodes.' })
  fabric?: string;
  @Field(() => [String], { description: 'Images it may be launched with; the first is the default.' })
  images!: string[];
  @Field(() => [VmProfileInput], {
    nullable: true,
    description: 'Sizes of virtual machines: one at least for each GPU count, unless it is a whole machine.',
  })
  vmProfiles?: VmProfileInput[];
  @Field(() => [String], {
    nullable: true,
    description: 'Profiles that are used when several have the same GPU count.',
  })
  defaultProfiles?: string[];
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'Whether a SKU is offered.' })
class SkuOfferInput {
  @Field(() => ID, { description: 'The SKU.' })
  id!: string;
  @Field(() => Boolean, { description: 'Whether new allocations of it are accepted.' })
  isActive!: boolean;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@InputType({ description: 'A region to be added.' })
class RegionCreateInput {
  @Field(() => String, { description: 'Unique name, such as `eu-north-1`.' })
  name!: string;
  @Field(() => String, { description: 'Name for people.' })
  displayName!: string;
  @Field(() => String, { nullable: true, description: KEY })
  idempotencyKey?: string;
}

@ObjectType({ description: 'Answer to a mutation of a SKU.' })
@Tag('operator')
class SkuPayload extends MutationPayload {
  @Field(() => Sku, { nullable: true, description: 'The SKU; null when nothing was done.' })
  sku!: Sku | null;
}

@ObjectType({ description: 'Answer to a mutation of a region.' })
@Tag('operator')
class RegionPayload extends MutationPayload {
  @Field(() => Region, { nullable: true, description: 'The region; null when nothing was done.' })
  region!: Region | null;
}

export async function resolveSku(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<Sku | null> {
  const row = await context.load(skuLoader, String(reference['id']));
  return row === null ? null : toSku(row);
}

export async function resolveRegion(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<Region | null> {
  const row = await context.load(regionLoader, String(reference['id']));
  return row === null ? null : toRegion(row);
}

@Resolver(() => Sku)
export class CatalogueResolver {
  @Query(() => SkuConnection, { description: 'Kinds of capacity, in the order they were added.' })
  @Tag('public')
  @ListSize(PAGE)
  async skus(@Args(() => SkusArgs) args: SkusArgs, @Ctx() context: RequestContext): Promise<Connection<Sku>> {
    context.requireSignIn();
    return toConnection(await listSkus(context, args), toSku);
  }

  @Query(() => Sku, { nullable: true, description: 'One SKU.' })
  @Tag('public')
  async sku(
    @Arg('id', () => ID, { description: 'The SKU.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<Sku | null> {
    context.requireSignIn();
    return resolveSku({ id }, context);
  }

  @Query(() => RegionConnection, { description: 'Places where capacity is.' })
  @Tag('public')
  @ListSize(PAGE)
  async regions(@Args(() => PageArgs) args: PageArgs, @Ctx() context: RequestContext): Promise<Connection<Region>> {
    context.requireSignIn();
    return toConnection(await listRegions(context, args), toRegion);
  }

  @Mutation(() => SkuPayload, { description: 'Adds a SKU. It can be had once it has a price and nodes.' })
  @Tag('operator')
  @Access('allocations.sku.create')
  skuCreate(
    @Arg('input', () => SkuCreateInput, { description: 'The SKU.' }) input: SkuCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<SkuPayload> {
    return context.mutate(createSku, input, async ({ id }) => ({ sku: await resolveSku({ id }, context) }));
  }

  @Mutation(() => SkuPayload, { description: 'Offers a SKU, or stops offering it; what runs is not touched.' })
  @Tag('operator')
  @Access('allocations.sku.set_offer')
  skuOfferSet(
    @Arg('input', () => SkuOfferInput, { description: 'Which SKU.' }) input: SkuOfferInput,
    @Ctx() context: RequestContext,
  ): Promise<SkuPayload> {
    return context.mutate(setSkuOffer, input, async ({ id }) => ({ sku: await resolveSku({ id }, context) }));
  }

  @Mutation(() => RegionPayload, { description: 'Adds a region.' })
  @Tag('operator')
  @Access('allocations.region.create')
  regionCreate(
    @Arg('input', () => RegionCreateInput, { description: 'The region.' }) input: RegionCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<RegionPayload> {
    return context.mutate(createRegion, input, async ({ id }) => ({ region: await resolveRegion({ id }, context) }));
  }
}
