import type { ResolverMap } from './test-graph.js';

type Row = Readonly<Record<string, unknown>>;

const items: readonly Row[] = [
  {
    __typename: 'Novel',
    id: 'n1',
    name: 'Orbit',
    isbn: '111',
    region: 'EU',
    pages: 300,
    media: { __typename: 'Print', sheets: 150 },
    authorId: 'a1',
    sequelId: 'n2',
  },
  {
    __typename: 'Novel',
    id: 'n2',
    name: null,
    isbn: '111',
    region: 'US',
    pages: null,
    media: { __typename: 'Audio', minutes: 600 },
    authorId: 'a2',
    sequelId: null,
  },
  { __typename: 'Novel', id: 'n3', name: 'Tide', isbn: '333', region: 'ASIA', pages: 90, media: null, authorId: 'a1' },
  { __typename: 'Journal', id: 'j1', name: 'Letters', pages: 40, issue: 7, relatedIds: ['n1', 'r1'] },
  {
    __typename: 'Record',
    id: 'r1',
    name: 'Waves',
    artistId: 'a2',
    cover: { url: '/r1.png', width: 100 },
    tracks: [[{ title: 'One', seconds: 60, guestIds: ['a1', 'a3'] }, null], [{ title: 'Two', seconds: null }], []],
  },
  { __typename: 'Record', id: 'r2', name: 'Silence', artistId: null, cover: null, tracks: null },
];
const authors: readonly Row[] = [
  {
    id: 'a1',
    name: { first: 'Ada', last: 'Ng' },
    nicknames: [['A', 'AN'], null],
    born: 1970,
    friendIds: ['a2', 'x9'],
    portrait: { url: '/a1.png', width: 40 },
  },
  { id: 'a2', name: { first: 'Ben', last: null }, nicknames: null, born: null, friendIds: ['a1'], portrait: null },
  { id: 'a3', name: { first: 'Cy', last: 'Oz' }, nicknames: [], born: 1990, friendIds: null, portrait: null },
];
const holds: readonly Row[] = [
  { number: 1, itemId: 'n1', byId: 'a1' },
  { number: 2, itemId: 'n1', byId: null },
  { number: 1, itemId: 'r1', byId: 'a2' },
];

function find(rows: readonly Row[], id: unknown): Row | null {
  return rows.find((row) => row['id'] === id) ?? null;
}

function author(id: unknown): Row | null {
  return typeof id === 'string' ? { __typename: 'Author', id } : null;
}

function idsOf(list: unknown): readonly string[] {
  return (list ?? []) as readonly string[];
}

/** What the subgraphs of the archive answer. */
export function archiveResolvers(): Record<'catalog' | 'people' | 'stock' | 'rights' | 'desk', ResolverMap> {
  return { catalog: catalog(), people: people(), stock: stock(), rights: rights(), desk: desk() };
}

function catalog(): ResolverMap {
  const byId = { __resolveReference: ({ id }: Row) => find(items, id) };
  const [novel, , , , record] = items;
  return {
    Query: {
      items: () => [...items, null],
      item: (_: unknown, { id }: Row) => find(items, id),
      shelves: () => [[items[0], items[4]], null, [items[3], items[1], items[0]], []],
      entries: () => [novel, { __typename: 'Remark', text: 'fine', about: record }, author('a2'), record],
      nodes: () => [items[3], null, items[1], items[5]],
      papers: () => [items[0], items[3], items[2]],
    },
    Item: byId,
    Novel: {
      __resolveReference: ({ id, isbn, region }: Row) =>
        id === undefined
          ? (items.find((row) => row['isbn'] === isbn && row['region'] === region) ?? null)
          : find(items, id),
      author: ({ authorId }: Row) => author(authorId),
      sequel: ({ sequelId }: Row) => find(items, sequelId),
    },
    Journal: { ...byId, related: ({ relatedIds }: Row) => idsOf(relatedIds).map((id) => find(items, id)) },
    Record: { ...byId, artist: ({ artistId }: Row) => author(artistId) },
    Track: { guests: ({ guestIds }: Row) => (guestIds ? idsOf(guestIds).map(author) : null) },
    Author: { __resolveReference: (reference: Row) => reference },
  };
}

function people(): ResolverMap {
  const named = (first: unknown): Row | null => authors.find(({ name }) => (name as Row)['first'] === first) ?? null;
  return {
    Query: { authors: () => authors, author: (_: unknown, { first }: Row) => named(first) },
    Author: {
      __resolveReference: ({ id, name }: Row) => (id === undefined ? named((name as Row)['first']) : find(authors, id)),
      friends: ({ friendIds }: Row) => (friendIds ? idsOf(friendIds).map((id) => find(authors, id)) : null),
    },
  };
}

function stock(): ResolverMap {
  const shelf = { __typename: 'Shelf', row: 3, column: null };
  const depot = { __typename: 'Depot', city: 'Oslo', keeperId: 'a2' };
  return {
    Query: { holds: () => [holds[0], null, holds[2]] },
    Item: {
      __resolveReference: (reference: Row) => reference,
      stock: ({ id }: Row) =>
        id === 'r2'
          ? null
          : { count: id === 'n1' ? 2 : 0, place: id === 'n1' ? shelf : depot, places: [[shelf], [null, depot]] },
      holds: ({ id }: Row, { first }: Row) =>
        holds.filter(({ itemId }) => itemId === id).slice(0, (first as number | null) ?? 9),
    },
    Depot: { keeper: ({ keeperId }: Row) => author(keeperId) },
    Hold: {
      __resolveReference: ({ number, item }: Row) =>
        holds.find((hold) => hold['number'] === number && hold['itemId'] === (item as Row)['id']) ?? null,
      item: ({ itemId }: Row) => ({ __typename: 'Item', id: itemId }),
      by: ({ byId }: Row) => byId && { ...author(byId), name: find(authors, byId)?.['name'] },
    },
  };
}

function rights(): ResolverMap {
  const nameOf = (id: string): Row => ({ __typename: 'Author', name: find(authors, id)?.['name'] });
  return {
    Query: { cheapest: () => ({ isbn: '111', region: 'US' }) },
    Novel: {
      __resolveReference: (reference: Row) => (reference['isbn'] === '333' ? null : reference),
      fee: ({ media }: Row, { days }: Row) => {
        const { sheets, minutes } = (media ?? {}) as { sheets?: number; minutes?: number };
        return ((days as number | null) ?? 0) * (sheets ?? (minutes ?? 0) * 2);
      },
      holder: ({ region }: Row) => nameOf(region === 'EU' ? 'a1' : 'a2'),
    },
    Record: {
      __resolveReference: (reference: Row) => reference,
      credit: ({ artist }: Row) => `by ${JSON.stringify((artist as Row | null)?.['id'] ?? null)}`,
    },
    Author: {
      __resolveReference: (reference: Row) => reference,
      id: ({ id, name }: Row) =>
        id ?? authors.find((row) => (row['name'] as Row)['first'] === (name as Row)['first'])?.['id'],
      contracts: ({ name }: Row) =>
        (name as Row)['first'] === 'Ada' ? [{ until: '2030', novel: { isbn: '111', region: 'EU' } }, null] : null,
      signature: ({ name, nicknames }: Row) => `${String((name as Row)['first'])}/${JSON.stringify(nicknames)}`,
    },
  };
}

function desk(): ResolverMap {
  const itself = { __resolveReference: (reference: Row) => reference };
  return {
    Item: {
      ...itself,
      shownIn: ({ id }: Row) => (id === 'j1' ? null : `window ${String(id)}`),
      stockCode: ({ id }: Row) => `code-${String(id)}`,
    },
    Hold: {
      __resolveReference: ({ number, item }: Row) => ({ number, itemId: (item as Row)['id'] }),
      item: ({ itemId }: Row) => ({ __typename: 'Item', id: itemId }),
      status: ({ number }: Row) => (number === 1 ? 'READY' : 'WAITING'),
      position: ({ number }: Row) => number,
    },
  };
}
