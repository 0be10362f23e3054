import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Key, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { BigIntScalar, DateTime } from '../../../../kernel/graphql/scalars.js';
import { Money, Node, toMoney } from '../../../../kernel/graphql/shared-types.js';
import { CURRENCY } from '../domain/price.js';
import type { TransferRow } from '../store/ledger-queries.js';
import { ProjectStub } from './stubs.js';

export enum TransferKind {
  SINGLE = 'single',
  PENDING = 'pending',
  POST = 'post',
  VOID = 'void',
}
registerEnumType(TransferKind, {
  name: 'TransferKind',
  description: 'How a transfer moves money.',
  valuesConfig: {
    SINGLE: { description: 'At once.' },
    PENDING: { description: 'Holds it, until it is posted or voided.' },
    POST: { description: 'Posts what a pending transfer holds, wholly or in part.' },
    VOID: { description: 'Gives back what a pending transfer holds, or the rest of it.' },
  },
});

export enum TransferCode {
  TOP_UP = 'top_up',
  CREDIT_GRANT = 'credit_grant',
  CREDIT_EXPIRY = 'credit_expiry',
  REPAYMENT = 'repayment',
  USAGE = 'usage',
  HOLD = 'hold',
  SETTLEMENT = 'settlement',
  RELEASE = 'release',
  CORRECTION = 'correction',
}
registerEnumType(TransferCode, {
  name: 'TransferCode',
  description: 'Why money moved.',
  valuesConfig: {
    TOP_UP: { description: 'It was paid in.' },
    CREDIT_GRANT: { description: 'It was granted.' },
    CREDIT_EXPIRY: { description: 'A grant ended with something left.' },
    REPAYMENT: { description: 'Free funds paid what was owed.' },
    USAGE: { description: 'Metered usage.' },
    HOLD: { description: 'Something that will cost began.' },
    SETTLEMENT: { description: 'A hold was settled beyond the usage recorded against it.' },
    RELEASE: { description: 'A hold, or the rest of it, was given back.' },
    CORRECTION: { description: 'A charge was taken back.' },
  },
});

@ObjectType({
  implements: Node,
  description:
    'A movement between two accounts of the double-entry ledger. Append-only: a correction is another one that names it.',
})
@Key()
@Tag('public')
export class LedgerTransfer extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `ltr`.' })
  override id!: string;
  @Field(() => TransferKind, { description: 'How it moves money.' })
  kind!: string;
  @Field(() => TransferCode, { description: 'Why it moved.' })
  code!: string;
  @Field(() => Money, { description: 'How much; always above zero.' })
  amount!: Money;
  @Field(() => String, {
    description:
      'The account debited: `prepaid`, `credits_granted/…`, `receivable`, `revenue/<project>/<month>`, `cash`, `promotion` or `breakage` of the organization.',
  })
  debitAccount!: string;
  @Field(() => String, { description: 'The account credited.' })
  creditAccount!: string;
  @Field(() => String, { nullable: true, description: 'The payment or voucher behind it.' })
  reference!: string | null;
  @Field(() => ID, { nullable: true, description: 'Who caused it.' })
  actorId!: string | null;
  @Field(() => String, { nullable: true, description: 'Correlation id of what caused it.' })
  correlationId!: string | null;
  @Field(() => DateTime, { description: 'When it was posted.' })
  createdAt!: Date;
  @Field(() => ProjectStub, { nullable: true, description: 'The project it was charged to, if to one.' })
  project!: ProjectStub | null;
  usageId!: string | null;
  pendingId!: string | null;
  correctsId!: string | null;
}

export const LedgerTransferConnection = connectionType('LedgerTransfer', () => LedgerTransfer);

@ObjectType({ description: 'Accepted, rated and posted usage of one unit: three sums that agree.' })
@Tag('public')
export class UnitReconciliation {
  @Field(() => String, { description: 'The usage unit.' })
  unit!: string;
  @Field(() => BigIntScalar, { description: 'How many usage records.' })
  records!: bigint;
  @Field(() => BigIntScalar, { description: 'Sum of the accepted base quantities.' })
  acceptedBaseQuantity!: bigint;
  @Field(() => BigIntScalar, { description: 'Sum of the rated base quantities.' })
  ratedBaseQuantity!: bigint;
  @Field(() => Money, { description: 'Sum of the rated lines.' })
  ratedAmount!: Money;
  @Field(() => Money, { description: 'Sum of the transfers that posted them.' })
  ledgerAmount!: Money;
  @Field(() => Boolean, { description: 'Whether the sums agree.' })
  isBalanced!: boolean;
}

@ObjectType({
  description:
    "Proof, computed when asked for, that an organization's ledger says what was metered and that no money appeared or vanished.",
})
@Tag('public')
export class LedgerReconciliation {
  @Field(() => [UnitReconciliation], { description: 'Per usage unit.' })
  @ListSize({ assumedSize: 10 })
  units!: UnitReconciliation[];
  @Field(() => Boolean, { description: 'Whether the debits of all accounts equal their credits, posted and pending.' })
  isConserved!: boolean;
  @Field(() => Int, { description: 'Accounts whose totals are not the sum of their transfers.' })
  driftedAccounts!: number;
  @Field(() => Boolean, { description: 'Whether all of it holds.' })
  isBalanced!: boolean;
  @Field(() => DateTime, { description: 'When it was computed; it is of that moment.' })
  asOf!: Date;
}

function path(accountId: string): string {
  return accountId.slice(accountId.indexOf('/') + 1);
}

export function toTransfer(row: TransferRow): LedgerTransfer {
  const { id, kind, code, reference, actorId, correlationId, createdAt, usageId, pendingId, correctsId, projectId } =
    row;
  return {
    id,
    kind,
    code,
    reference,
    actorId,
    correlationId,
    createdAt,
    usageId,
    pendingId,
    correctsId,
    amount: toMoney(row.amountNanos, CURRENCY),
    debitAccount: path(row.debitAccountId),
    creditAccount: path(row.creditAccountId),
    project: projectId === null ? null : { id: projectId },
  };
}
