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
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { DateTime, Decimal } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload } from '../../../../kernel/graphql/shared-types.js';
import { CURRENCY } from '../domain/price.js';
import { listPrices, priceLoader, snapshotLoader } from '../store/price-queries.js';
import type { createSetPrice } from '../usecases/set-price.js';
import { Price, PriceBook, PriceConnection, PriceSnapshot, toPrice, toSnapshot } from './price-type.js';

/** There is one price book, so its identifier is fixed. */
const PRICE_BOOK: PriceBook = { id: 'prb_00000000000000000000000001', currency: CURRENCY };

@ArgsType()
class PricesArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: 'Only prices of this key.' })
  priceKey?: string;
  @Field(() => ID, { nullable: true, description: 'Only prices negotiated with this organization.' })
  organizationId?: string;
}

@InputType({ description: 'A price that takes over from a moment on.' })
class PriceSetInput {
  @Field(() => String, { description: 'What is priced: `<kind>:<name>`, such as `sku:h200-sxm-slice`.' })
  priceKey!: string;
  @Field(() => String, { description: 'A registered usage unit, such as `gpu_hour`.' })
  unit!: string;
  @Field(() => Decimal, { description: 'Price of one unit in the currency of the price book, zero or more.' })
  unitPrice!: string;
  @Field(() => DateTime, { nullable: true, description: 'From when; now when it is left out. Never in the past.' })
  validFrom?: Date;
  @Field(() => ID, {
    nullable: true,
    description: 'Negotiated with this organization; a list price when it is left out.',
  })
  organizationId?: string;
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@ObjectType({ description: 'Answer to a mutation of a price.' })
@Tag('operator')
class PricePayload extends MutationPayload {
  @Field(() => Price, { nullable: true, description: 'The price; null when nothing was done.' })
  price!: Price | null;
}

type Reference = { readonly [key: string]: unknown };

export async function resolvePrice(reference: Reference, context: RequestContext): Promise<Price | null> {
  const row = await context.load(priceLoader, String(reference['id']));
  return row === null ? null : toPrice(row);
}

export async function resolveSnapshot(reference: Reference, context: RequestContext): Promise<PriceSnapshot | null> {
  context.requireSignIn();
  const row = await context.load(snapshotLoader, String(reference['id']));
  return row === null ? null : toSnapshot(row);
}

export function resolvePriceBook(reference: Reference): PriceBook | null {
  return reference['id'] === PRICE_BOOK.id ? PRICE_BOOK : null;
}

@Resolver(() => Price)
export class PriceResolver {
  constructor(readonly setPrice: ReturnType<typeof createSetPrice>) {}

  @Mutation(() => PricePayload, {
    description: 'Sets a price. What runs already keeps the price it was launched under.',
  })
  @Tag('operator')
  @Access('billing.price.set')
  priceSet(
    @Arg('input', () => PriceSetInput, { description: 'The price.' }) input: PriceSetInput,
    @Ctx() context: RequestContext,
  ): Promise<PricePayload> {
    return context.mutate(this.setPrice, input, async ({ id }) => ({ price: await resolvePrice({ id }, context) }));
  }

  @FieldResolver(() => PriceSnapshot, {
    nullable: true,
    description: 'The price frozen: what is launched under it names this.',
  })
  snapshot(@Root() price: Price, @Ctx() context: RequestContext): Promise<PriceSnapshot | null> {
    return resolveSnapshot({ id: price.snapshotId }, context);
  }
}

@Resolver(() => PriceBook)
export class PriceBookResolver {
  @Query(() => PriceBook, { description: 'The price book. List prices are for everybody who is signed in.' })
  @Tag('public')
  priceBook(@Ctx() context: RequestContext): PriceBook {
    context.requireSignIn();
    return PRICE_BOOK;
  }

  @FieldResolver(() => PriceConnection, {
    description:
      'Prices, newest first: list prices, and those negotiated with organizations whose account the caller may read.',
  })
  @ListSize({
    assumedSize: 20,
    slicingArguments: ['first', 'last'],
    sizedFields: ['nodes', 'edges'],
    requireOneSlicingArgument: false,
  })
  async prices(@Args(() => PricesArgs) args: PricesArgs, @Ctx() context: RequestContext): Promise<Connection<Price>> {
    context.requireSignIn();
    return toConnection(await listPrices(context, args), toPrice);
  }
}
