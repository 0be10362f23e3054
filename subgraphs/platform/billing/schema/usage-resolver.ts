import { Args, ArgsType, Ctx, Field, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { transfersOfUsageLoader } from '../store/ledger-queries.js';
import { READ_USAGE, listUsage, usageLoader } from '../store/usage-queries.js';
import { LedgerTransfer, toTransfer } from './ledger-type.js';
import { resolveSnapshot } from './price-resolver.js';
import { PriceSnapshot } from './price-type.js';
import { UsageRecord, UsageRecordConnection, toUsageRecord } from './usage-type.js';

@ArgsType()
class UsageRecordsArgs extends PageArgs {
  @Field(() => ID, { description: 'The organization, by its TypeID (`org_…`).' })
  organizationId!: string;
  @Field(() => ID, { nullable: true, description: 'Only usage of this project.' })
  projectId?: string;
  @Field(() => String, { nullable: true, description: 'Only usage in this unit.' })
  unit?: string;
}

export async function resolveUsageRecord(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<UsageRecord | null> {
  const row = await context.load(usageLoader, String(reference['id']));
  return row === null ? null : toUsageRecord(row);
}

@Resolver(() => UsageRecord)
export class UsageResolver {
  @Query(() => UsageRecordConnection, {
    description: 'Usage of an organization, newest first: that of the projects whose usage the caller may read.',
  })
  @Tag('public')
  @Access(READ_USAGE)
  @ListSize({
    assumedSize: 20,
    slicingArguments: ['first', 'last'],
    sizedFields: ['nodes', 'edges'],
    requireOneSlicingArgument: false,
  })
  async usageRecords(
    @Args(() => UsageRecordsArgs) args: UsageRecordsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<UsageRecord>> {
    context.requireSignIn();
    return toConnection(await listUsage(context, args), toUsageRecord);
  }

  @FieldResolver(() => PriceSnapshot, { nullable: true, description: 'The frozen price it was rated with.' })
  priceSnapshot(@Root() usage: UsageRecord, @Ctx() context: RequestContext): Promise<PriceSnapshot | null> {
    return resolveSnapshot({ id: usage.priceSnapshotId }, context);
  }

  @FieldResolver(() => [LedgerTransfer], {
    description: 'The transfers that posted it, and the one that took it back, if one did. A few at most.',
  })
  @ListSize({ assumedSize: 3 })
  async transfers(@Root() usage: UsageRecord, @Ctx() context: RequestContext): Promise<LedgerTransfer[]> {
    return ((await context.load(transfersOfUsageLoader, usage.id)) ?? []).map(toTransfer);
  }
}
