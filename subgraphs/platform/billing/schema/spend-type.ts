import { Field, ID, ObjectType } from 'type-graphql';
import { ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { BigIntScalar } from '../../../../kernel/graphql/scalars.js';
import { Money, toMoney } from '../../../../kernel/graphql/shared-types.js';
import { CURRENCY } from '../domain/price.js';
import type { SpendLineRow } from '../store/spend-queries.js';

@ObjectType({ description: 'What was spent on one unit of one product.' })
@Tag('public')
export class SpendLine {
  @Field(() => ID, { description: 'The product that charged it, by its own id such as `allocations`.' })
  productId!: string;
  @Field(() => String, { description: 'The usage unit, such as `gpu_hour`.' })
  unit!: string;
  @Field(() => BigIntScalar, { description: "Whole number of the unit's base, such as GPU-seconds." })
  baseQuantity!: bigint;
  @Field(() => Money, { description: 'What it cost.' })
  amount!: Money;
}

@ObjectType({ description: 'What was spent: rated usage, by product and unit.' })
@Tag('public')
export class Spend {
  @Field(() => Money, { description: 'All of it.' })
  total!: Money;
  @Field(() => [SpendLine], { description: 'By product and unit.' })
  @ListSize({ assumedSize: 20 })
  lines!: SpendLine[];
}

export function toSpend(rows: readonly SpendLineRow[]): Spend {
  const total = rows.reduce((sum, row) => sum + row.amountNanos, 0n);
  return {
    total: toMoney(total, CURRENCY),
    lines: rows.map((row) => ({ ...row, amount: toMoney(row.amountNanos, CURRENCY) })),
  };
}
