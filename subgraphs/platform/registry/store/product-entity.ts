import { type InferEntity, defineEntity, p } from '@mikro-orm/core';
import type { ProductState } from '../domain/product-lifecycle.js';

export const ProductEntity = defineEntity({
  name: 'Product',
  tableName: 'products',
  schema: 'registry',
  properties: {
    id: p.text().primary(),
    productId: p.text(),
    slug: p.text(),
    title: p.text(),
    lifecycle: p.text().$type<ProductState>(),
    lifecycleChangedAt: p.datetime(),
    packetVersion: p.integer(),
    contentHash: p.text(),
    packet: p.json().$type<Record<string, unknown>>(),
    createdAt: p.datetime(),
    changedAt: p.datetime(),
  },
});

export type ProductRow = InferEntity<typeof ProductEntity>;
