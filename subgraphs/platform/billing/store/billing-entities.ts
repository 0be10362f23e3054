import { defineEntity, p } from '@mikro-orm/core';

export const PriceEntity = defineEntity({
  name: 'Price',
  tableName: 'prices',
  schema: 'billing',
  properties: {
    id: p.text().primary(),
    organizationId: p.text().nullable(),
    priceKey: p.text(),
    unit: p.text(),
    unitPriceNanos: p.bigint(),
    currency: p.text(),
    validFrom: p.datetime(),
    setBy: p.text(),
    correlationId: p.text(),
    createdAt: p.datetime(),
  },
});

export const PriceSnapshotEntity = defineEntity({
  name: 'PriceSnapshot',
  tableName: 'price_snapshots',
  schema: 'billing',
  properties: {
    id: p.text().primary(),
    priceId: p.text(),
    organizationId: p.text().nullable(),
    priceKey: p.text(),
    unit: p.text(),
    unitPriceNanos: p.bigint(),
    currency: p.text(),
    validFrom: p.datetime(),
    hash: p.text(),
    createdAt: p.datetime(),
  },
});

export const BudgetEntity = defineEntity({
  name: 'Budget',
  tableName: 'budgets',
  schema: 'billing',
  properties: {
    id: p.text().primary(),
    organizationId: p.text(),
    projectId: p.text().nullable(),
    period: p.text().$type<'month' | 'total'>(),
    amountNanos: p.bigint(),
    currency: p.text(),
    warnPercents: p.array(Number),
    isHardStop: p.boolean(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
    version: p.integer().version(),
  },
});
