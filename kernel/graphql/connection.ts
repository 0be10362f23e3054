import 'reflect-metadata';
import { Field, ObjectType } from 'type-graphql';
import type { Audience } from '../federation/audience.js';
import { Tag } from '../federation/directives.js';
import type { Page } from '../paging/keyset.js';
import { Cursor } from './scalars.js';
import { PageInfo } from './shared-types.js';

export interface Edge<Item> {
  readonly cursor: string;
  readonly node: Item;
}

export interface Connection<Item> {
  readonly edges: Edge<Item>[];
  readonly nodes: Item[];
  readonly pageInfo: PageInfo;
}

type NodeClass<Item> = abstract new () => Item;

/** Makes the `…Connection` and `…Edge` types of a list (Relay cursor connections, with the `nodes` shortcut), for the audience of its items. */
export function connectionType<Item extends object>(
  name: string,
  node: () => NodeClass<Item>,
  audience: Audience = 'public',
): new () => Connection<Item> {
  @ObjectType(`${name}Edge`, { description: `An item of a list of ${name}, with its cursor.` })
  @Tag(audience)
  class ItemEdge {
    @Field(() => Cursor, { description: 'Where this item stands in the list.' })
    cursor!: string;
    @Field(() => node() as never, { description: 'The item.' })
    node!: Item;
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name}.` })
  @Tag(audience)
  class ItemConnection {
    @Field(() => [ItemEdge], { description: 'The items with their cursors.' })
    edges!: ItemEdge[];
    @Field(() => [node() as never], { description: 'The items.' })
    nodes!: Item[];
    @Field(() => PageInfo, { description: 'Where this page stands.' })
    pageInfo!: PageInfo;
  }
  return ItemConnection;
}

/** Shapes a page of rows as a connection. */
export function toConnection<Row, Item>(page: Page<Row>, toNode: (row: Row) => Item): Connection<Item> {
  const edges = page.items.map((item) => ({ cursor: item.cursor, node: toNode(item.row) }));
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: page.hasPreviousPage,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
