import {
  Arg,
  Args,
  ArgsType,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { Access, Cost, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { JsonObject } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload } from '../../../../kernel/graphql/shared-types.js';
import type { ProductState } from '../domain/product-lifecycle.js';
import { listProducts, productLoader } from '../store/product-queries.js';
import type { createRegisterPacket } from '../usecases/register-packet.js';
import { Product, ProductConnection, ProductStateEnum, toProduct } from './product-type.js';

@ArgsType()
class ProductsArgs extends PageArgs {
  @Field(() => ProductStateEnum, { nullable: true, description: 'Only products in this state.' })
  state?: ProductState;
}

@InputType({ description: 'An onboarding packet to register.' })
class PacketRegisterInput {
  @Field(() => JsonObject, {
    description: 'The packet; see `subgraphs/platform/registry/packet`. A missing field rejects the whole.',
  })
  packet!: Record<string, unknown>;
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@ObjectType({ description: 'Answer to the registration of a packet.' })
@Tag('operator')
class PacketRegisterPayload extends MutationPayload {
  @Field(() => Product, { nullable: true, description: 'The product; null when nothing was done.' })
  product!: Product | null;
}

const READ = 'registry.product.read';

@Resolver(() => Product)
export class ProductResolver {
  readonly #registerPacket: ReturnType<typeof createRegisterPacket>;
  readonly #refresh: () => Promise<void>;

  constructor(deps: { registerPacket: ReturnType<typeof createRegisterPacket>; refresh: () => Promise<void> }) {
    this.#registerPacket = deps.registerPacket;
    this.#refresh = deps.refresh;
  }

  @Query(() => ProductConnection, { description: 'Products, newest first.' })
  @Tag('public')
  @ListSize({
    assumedSize: 20,
    slicingArguments: ['first', 'last'],
    sizedFields: ['nodes', 'edges'],
    requireOneSlicingArgument: false,
  })
  async products(
    @Args(() => ProductsArgs) args: ProductsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<Product>> {
    context.requireSignIn();
    return toConnection(await listProducts(context, args), toProduct);
  }

  @Query(() => Product, { nullable: true, description: 'One product; null when there is none with this identifier.' })
  @Tag('public')
  async product(
    @Arg('id', () => ID, { description: 'The product, by its TypeID or by its own id such as `allocations`.' })
    id: string,
    @Ctx() context: RequestContext,
  ): Promise<Product | null> {
    context.requireSignIn();
    return resolveProduct({ id }, context);
  }

  @Mutation(() => PacketRegisterPayload, {
    description: 'Registers an onboarding packet, or replaces that of its product. Fails closed.',
  })
  @Tag('operator')
  @Access('registry.packet.register')
  packetRegister(
    @Arg('input', () => PacketRegisterInput, { description: 'The packet.' }) input: PacketRegisterInput,
    @Ctx() context: RequestContext,
  ): Promise<PacketRegisterPayload> {
    return context.mutate(this.#registerPacket, input, async ({ id }) => {
      await this.#refresh();
      return { product: await resolveProduct({ id }, context) };
    });
  }

  @FieldResolver(() => JsonObject, {
    nullable: true,
    description: 'The whole packet with owners and posture; null for those who may not see it.',
  })
  @Tag('operator')
  @Access(READ)
  @Cost(2)
  async packet(@Root() product: Product, @Ctx() context: RequestContext): Promise<Record<string, unknown> | null> {
    return (await context.can(READ, PLATFORM_SCOPE)) ? product.declaration : null;
  }
}

export async function resolveProduct(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<Product | null> {
  const row = await context.load(productLoader, String(reference['id']));
  return row === null ? null : toProduct(row);
}
