import { Field, ID, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { Money, Node, toMoney } from '../../../../kernel/graphql/shared-types.js';
import type { PriceRecord, SnapshotRecord } from '../store/price-queries.js';
import { OrganizationStub } from './stubs.js';

@ObjectType({
  implements: Node,
  description:
    'What a price was at one moment, frozen: what is launched under it is rated with it, whatever the price book says later.',
})
@Key()
@Tag('public')
export class PriceSnapshot extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `psn`.' })
  override id!: string;
  @Field(() => String, { description: 'What is priced, such as `sku:h200-sxm-slice`.' })
  priceKey!: string;
  @Field(() => String, { description: 'The registered usage unit that the price is for, such as `gpu_hour`.' })
  unit!: string;
  @Field(() => Money, { description: 'Price of one unit, exact to a billionth.' })
  unitPrice!: Money;
  @Field(() => DateTime, { description: 'From when the price was in force.' })
  validFrom!: Date;
  @Field(() => String, {
    description:
      'SHA-256 in hexadecimal over the canonical JSON (RFC 8785) of `{currency, organizationId, priceKey, unit, unitPriceNanos, validFrom}`; nano-units as text. Every rated line names it.',
  })
  hash!: string;
}

@ObjectType({
  implements: Node,
  description: 'A price in the price book: it never changes, another takes over from a moment on.',
})
@Key()
@Tag('public')
export class Price extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `prc`.' })
  override id!: string;
  @Field(() => String, { description: 'What is priced, such as `sku:h200-sxm-slice` or `model:mdl_…`.' })
  priceKey!: string;
  @Field(() => String, { description: 'The registered usage unit that the price is for.' })
  unit!: string;
  @Field(() => Money, { description: 'Price of one unit, exact to a billionth.' })
  unitPrice!: Money;
  @Field(() => DateTime, { description: 'From when it is in force, until another for the same key and unit begins.' })
  validFrom!: Date;
  @Field(() => DateTime, { description: 'When it was set.' })
  createdAt!: Date;
  @Field(() => OrganizationStub, {
    nullable: true,
    description: 'The organization it was negotiated with; null for a list price.',
  })
  organization!: OrganizationStub | null;
  snapshotId!: string;
}

@ObjectType({ implements: Node, description: 'All prices of the deployment.' })
@Key()
@Tag('public')
export class PriceBook extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `prb`; there is one.' })
  override id!: string;
  @Field(() => String, { description: 'The currency of every price, account and budget (ISO 4217).' })
  currency!: string;
}

export const PriceConnection = connectionType('Price', () => Price);

export function toSnapshot(row: SnapshotRecord): PriceSnapshot {
  const { id, priceKey, unit, validFrom, hash } = row;
  return { id, priceKey, unit, validFrom, hash, unitPrice: toMoney(row.unitPriceNanos, row.currency) };
}

export function toPrice(row: PriceRecord): Price {
  const { id, priceKey, unit, validFrom, createdAt, snapshotId, organizationId } = row;
  const organization = organizationId === null ? null : { id: organizationId };
  return {
    id,
    priceKey,
    unit,
    validFrom,
    createdAt,
    snapshotId,
    organization,
    unitPrice: toMoney(row.unitPriceNanos, row.currency),
  };
}
