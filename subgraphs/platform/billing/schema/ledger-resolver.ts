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
import { Access, Cost, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { MutationPayload, toMoney } from '../../../../kernel/graphql/shared-types.js';
import { CURRENCY } from '../domain/price.js';
import { READ_ACCOUNT, listTransfers, transferLoader } from '../store/ledger-queries.js';
import {
  type UnitReconciliation as UnitRow,
  conservationOf,
  driftOf,
  usageReconciliation,
} from '../store/reconciliation-queries.js';
import type { createCorrectTransfer } from '../usecases/correct-transfer.js';
import { organizationScope } from '../usecases/read-balance.js';
import {
  LedgerReconciliation,
  LedgerTransfer,
  LedgerTransferConnection,
  TransferCode,
  type UnitReconciliation,
  toTransfer,
} from './ledger-type.js';
import { resolveUsageRecord } from './usage-resolver.js';
import { UsageRecord } from './usage-type.js';

@ArgsType()
class LedgerTransfersArgs extends PageArgs {
  @Field(() => ID, { description: 'The organization, by its TypeID (`org_…`).' })
  organizationId!: string;
  @Field(() => TransferCode, { nullable: true, description: 'Only transfers for this reason.' })
  code?: string;
}

@InputType({ description: 'A charge to take back.' })
class LedgerTransferCorrectInput {
  @Field(() => ID, { description: 'The transfer that charged.' })
  transferId!: string;
  @Field(() => String, { description: 'Why, for those who read the ledger later.' })
  reason!: string;
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@ObjectType({ description: 'Answer to a mutation of the ledger.' })
@Tag('operator')
class LedgerTransferPayload extends MutationPayload {
  @Field(() => LedgerTransfer, {
    nullable: true,
    description: 'The transfer that was written; null when nothing was done.',
  })
  ledgerTransfer!: LedgerTransfer | null;
}

export async function resolveTransfer(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<LedgerTransfer | null> {
  const row = await context.load(transferLoader, String(reference['id']));
  return row === null ? null : toTransfer(row);
}

@Resolver(() => LedgerTransfer)
export class LedgerResolver {
  constructor(readonly correctTransfer: ReturnType<typeof createCorrectTransfer>) {}

  @Query(() => LedgerTransferConnection, { description: 'Transfers of an organization, newest first.' })
  @Tag('public')
  @Access(READ_ACCOUNT)
  @ListSize({
    assumedSize: 20,
    slicingArguments: ['first', 'last'],
    sizedFields: ['nodes', 'edges'],
    requireOneSlicingArgument: false,
  })
  async ledgerTransfers(
    @Args(() => LedgerTransfersArgs) args: LedgerTransfersArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<LedgerTransfer>> {
    await context.require(READ_ACCOUNT, organizationScope(args.organizationId));
    return toConnection(await listTransfers(context, args), toTransfer);
  }

  @Query(() => LedgerReconciliation, {
    description:
      'Compares accepted usage, rated lines and transfers of an organization, and its accounts with their transfers.',
  })
  @Tag('public')
  @Access(READ_ACCOUNT)
  @Cost(50)
  async ledgerReconciliation(
    @Arg('organizationId', () => ID, { description: 'The organization, by its TypeID (`org_…`).' })
    organizationId: string,
    @Ctx() context: RequestContext,
  ): Promise<LedgerReconciliation> {
    await context.require(READ_ACCOUNT, organizationScope(organizationId));
    return context.read(async (tx) => {
      const units = (await usageReconciliation(tx, organizationId)).map(toUnit);
      const sums = await conservationOf(tx, organizationId);
      const isConserved = sums.debitsPosted === sums.creditsPosted && sums.debitsPending === sums.creditsPending;
      const driftedAccounts = (await driftOf(tx, organizationId)).length;
      const isBalanced = isConserved && driftedAccounts === 0 && units.every((unit) => unit.isBalanced);
      return { units, isConserved, driftedAccounts, isBalanced, asOf: new Date() };
    });
  }

  @Mutation(() => LedgerTransferPayload, { description: 'Takes a charge back, in full and once.' })
  @Tag('operator')
  @Access('billing.transfer.correct')
  ledgerTransferCorrect(
    @Arg('input', () => LedgerTransferCorrectInput, { description: 'The charge.' }) input: LedgerTransferCorrectInput,
    @Ctx() context: RequestContext,
  ): Promise<LedgerTransferPayload> {
    return context.mutate(this.correctTransfer, input, async ({ id }) => ({
      ledgerTransfer: await resolveTransfer({ id }, context),
    }));
  }

  @FieldResolver(() => UsageRecord, { nullable: true, description: 'The usage that it posted or took back.' })
  usage(@Root() transfer: LedgerTransfer, @Ctx() context: RequestContext): Promise<UsageRecord | null> | null {
    return transfer.usageId === null ? null : resolveUsageRecord({ id: transfer.usageId }, context);
  }

  @FieldResolver(() => LedgerTransfer, { nullable: true, description: 'The pending transfer that it posts or voids.' })
  pending(@Root() transfer: LedgerTransfer, @Ctx() context: RequestContext): Promise<LedgerTransfer | null> | null {
    return transfer.pendingId === null ? null : resolveTransfer({ id: transfer.pendingId }, context);
  }

  @FieldResolver(() => LedgerTransfer, { nullable: true, description: 'The charge that it takes back.' })
  corrects(@Root() transfer: LedgerTransfer, @Ctx() context: RequestContext): Promise<LedgerTransfer | null> | null {
    return transfer.correctsId === null ? null : resolveTransfer({ id: transfer.correctsId }, context);
  }
}

function toUnit(row: UnitRow): UnitReconciliation {
  const [accepted, rated] = [BigInt(row.acceptedBaseQuantity), BigInt(row.ratedBaseQuantity)];
  return {
    unit: row.unit,
    records: row.records,
    acceptedBaseQuantity: accepted,
    ratedBaseQuantity: rated,
    ratedAmount: toMoney(BigInt(row.ratedNanos), CURRENCY),
    ledgerAmount: toMoney(BigInt(row.ledgerNanos), CURRENCY),
    isBalanced: accepted === rated && row.ratedNanos === row.ledgerNanos,
  };
}
