import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { Money, Node, toMoney } from '../../../../kernel/graphql/shared-types.js';
import type { BudgetRecord } from '../store/budget-queries.js';
import { OrganizationStub, ProjectStub } from './stubs.js';

export enum BudgetPeriod {
  MONTH = 'month',
  TOTAL = 'total',
}
registerEnumType(BudgetPeriod, {
  name: 'BudgetPeriod',
  description: 'Over what a budget counts.',
  valuesConfig: {
    MONTH: { description: 'Each calendar month (UTC) has the whole amount.' },
    TOTAL: { description: 'One amount, for ever.' },
  },
});

@ObjectType({
  implements: Node,
  description:
    'What an organization or a project may spend. Spend is read from the ledger: a period begins at zero without anything being reset.',
})
@Key()
@Tag('public')
export class Budget extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `bdg`.' })
  override id!: string;
  @Field(() => BudgetPeriod, { description: 'Over what it counts.' })
  period!: string;
  @Field(() => Money, { description: 'The limit.' })
  amount!: Money;
  @Field(() => Money, { description: 'Spent in the present period.' })
  spent!: Money;
  @Field(() => Money, { description: 'Held in the present period for what runs.' })
  held!: Money;
  @Field(() => [Int], { description: 'Percentages of the amount at which a warning is told, once in a period.' })
  warnPercents!: number[];
  @Field(() => Boolean, { description: 'Whether holds that would exceed it are refused; otherwise it only warns.' })
  isHardStop!: boolean;
  @Field(() => DateTime, { description: 'When it was last set.' })
  updatedAt!: Date;
  @Field(() => OrganizationStub, { nullable: true, description: 'Who pays.' })
  organization!: OrganizationStub | null;
  @Field(() => ProjectStub, {
    nullable: true,
    description: 'The project; null for a budget of the whole organization.',
  })
  project!: ProjectStub | null;
}

export function toBudget(row: BudgetRecord): Budget {
  const { id, period, warnPercents, isHardStop, updatedAt, currency } = row;
  return {
    id,
    period,
    warnPercents,
    isHardStop,
    updatedAt,
    amount: toMoney(row.amountNanos, currency),
    spent: toMoney(BigInt(row.spentNanos), currency),
    held: toMoney(BigInt(row.heldNanos), currency),
    organization: { id: row.organizationId },
    project: row.projectId === null ? null : { id: row.projectId },
  };
}
