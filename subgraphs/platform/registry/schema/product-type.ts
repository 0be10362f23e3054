import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { Node } from '../../../../kernel/graphql/shared-types.js';
import { type ProductState, productLifecycle } from '../domain/product-lifecycle.js';
import type { ProductRecord } from '../store/product-queries.js';

export enum ProductStateEnum {
  DRAFT = 'draft',
  ONBOARDING = 'onboarding',
  ACTIVE = 'active',
  DEPRECATED = 'deprecated',
  RETIRED = 'retired',
}
registerEnumType(ProductStateEnum, {
  name: 'ProductState',
  description: 'Where a product stands.',
  valuesConfig: {
    DRAFT: { description: 'Declared, nothing counts yet.' },
    ONBOARDING: { description: 'Being prepared; its gates are not all open, nothing counts yet.' },
    ACTIVE: { description: 'In service: what it registered is in force.' },
    DEPRECATED: { description: 'Winding down: what runs is still metered and released.' },
    RETIRED: { description: 'Gone; its ids stay reserved for ever.' },
  },
});

export enum ProductAction {
  ONBOARD = 'onboard',
  ACTIVATE = 'activate',
  DEPRECATE = 'deprecate',
  RETIRE = 'retire',
}
registerEnumType(ProductAction, {
  name: 'ProductAction',
  description: 'What the next packet of a product may do with its lifecycle.',
  valuesConfig: {
    ONBOARD: { description: 'Begin onboarding.' },
    ACTIVATE: { description: 'Put it into service.' },
    DEPRECATE: { description: 'Begin to wind it down.' },
    RETIRE: { description: 'Take it out of service for ever.' },
  },
});

@ObjectType({ implements: Node, description: 'Something the platform offers, as its onboarding packet declares it.' })
@Key()
@Tag('public')
export class Product extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `prd`.' })
  override id!: string;
  @Field(() => String, { description: 'Its own stable id, such as `allocations`.' })
  productId!: string;
  @Field(() => String, { description: 'How it is written in links.' })
  slug!: string;
  @Field(() => String, { description: 'Its name for people.' })
  title!: string;
  @Field(() => ProductStateEnum, { description: 'Where it stands.' })
  state!: ProductState;
  @Field(() => DateTime, { description: 'When it went to this state.' })
  stateChangedAt!: Date;
  @Field(() => [ProductAction], { description: 'Where a next packet may lead it.' })
  availableActions!: string[];
  @Field(() => Int, { description: 'The version that its packet declares; another content needs a higher one.' })
  packetVersion!: number;
  @Field(() => String, { description: 'SHA-256 in hexadecimal over the canonical JSON (RFC 8785) of its packet.' })
  contentHash!: string;
  @Field(() => DateTime, { description: 'When it was registered first.' })
  createdAt!: Date;
  /** Not in the schema; see the field `packet`. */
  declaration!: Record<string, unknown>;
}

export const ProductConnection = connectionType('Product', () => Product);

export function toProduct(row: ProductRecord): Product {
  return {
    id: row.id,
    productId: row.productId,
    slug: row.slug,
    title: row.title,
    state: row.lifecycle,
    stateChangedAt: row.lifecycleChangedAt,
    availableActions: [...productLifecycle.available(row.lifecycle)],
    packetVersion: row.packetVersion,
    contentHash: row.contentHash,
    createdAt: row.createdAt,
    declaration: row.packet,
  };
}
