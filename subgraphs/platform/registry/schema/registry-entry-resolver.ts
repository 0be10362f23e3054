import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import type { EntryFamily } from '../domain/declared-entries.js';
import type { EntryState } from '../domain/product-lifecycle.js';
import { entryLoader, listEntries } from '../store/product-queries.js';
import { resolveProduct } from './product-resolver.js';
import { Product } from './product-type.js';
import {
  RegistryEntry,
  RegistryEntryConnection,
  RegistryEntryState,
  RegistryFamilyEnum,
  toRegistryEntry,
} from './registry-entry-type.js';

@ArgsType()
class RegistryEntriesArgs extends PageArgs {
  @Field(() => RegistryFamilyEnum, { nullable: true, description: 'Only entries of this family.' })
  family?: EntryFamily;
  @Field(() => String, {
    nullable: true,
    description: 'Only entries of this product, by its own id such as `allocations`.',
  })
  productId?: string;
  @Field(() => RegistryEntryState, { nullable: true, description: 'Only entries in this state.' })
  state?: EntryState;
}

@Resolver(() => RegistryEntry)
export class RegistryEntryResolver {
  @Query(() => RegistryEntryConnection, { description: 'What is registered, by family and key.' })
  @Tag('public')
  @ListSize({
    assumedSize: 20,
    slicingArguments: ['first', 'last'],
    sizedFields: ['nodes', 'edges'],
    requireOneSlicingArgument: false,
  })
  async registryEntries(
    @Args(() => RegistryEntriesArgs) args: RegistryEntriesArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<RegistryEntry>> {
    context.requireSignIn();
    return toConnection(await listEntries(context, args), toRegistryEntry);
  }

  @Query(() => RegistryEntry, {
    nullable: true,
    description: 'One entry; null when there is none with this identifier.',
  })
  @Tag('public')
  async registryEntry(
    @Arg('id', () => ID, { description: 'The entry.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<RegistryEntry | null> {
    context.requireSignIn();
    return resolveRegistryEntry({ id }, context);
  }

  @FieldResolver(() => Product, { nullable: true, description: 'The product that declares it.' })
  product(@Root() entry: RegistryEntry, @Ctx() context: RequestContext): Promise<Product | null> {
    return resolveProduct({ id: entry.ownerId }, context);
  }
}

export async function resolveRegistryEntry(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<RegistryEntry | null> {
  const row = await context.load(entryLoader, String(reference['id']));
  return row === null ? null : toRegistryEntry(row);
}
