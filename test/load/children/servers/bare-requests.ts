import { graphql } from 'graphql';
import { Pool } from 'undici';
import {
  type CatalogueRequest,
  type CatalogueService,
  ONE_SUBGRAPH_REQUEST,
  THREE_HOP_REQUEST,
  wholeSchema,
} from '../../graphs/catalogue-graph.js';
import { serveRaw } from './serve-raw.js';

/**
 * What a gateway cannot do without: the requests to the subgraphs, all at once, and reading their JSON. It answers
 * ready-made bytes: `bare-requests.ts NAME=URL…`.
 */
interface SubRequest {
  readonly pool: Pool;
  readonly path: string;
  readonly body: string;
}

const urls = new Map(process.argv.slice(2).map((pair) => pair.split('=', 2) as [CatalogueService, string]));
const pools = new Map([...urls].map(([name, url]) => [name, new Pool(new URL(url).origin, { connections: 64 })]));
const schema = wholeSchema();
const HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

interface Catalogue {
  readonly topProducts: readonly {
    readonly id: string;
    readonly reviews?: readonly { readonly author: { readonly id: string } }[];
  }[];
}

const known = new Map<string, { readonly answer: Buffer; readonly requests: readonly SubRequest[] }>();

async function prepare(body: string) {
  const { query, variables } = JSON.parse(body) as CatalogueRequest;
  const result = await graphql({ schema, source: query, variableValues: variables });
  const prepared = {
    answer: Buffer.from(JSON.stringify(result)),
    requests:
      query === THREE_HOP_REQUEST.query ? threeHops(result.data as unknown as Catalogue, variables) : [oneHop()],
  };
  known.set(body, prepared);
  return prepared;
}

function oneHop(): SubRequest {
  return subRequest('products', ONE_SUBGRAPH_REQUEST);
}

function threeHops({ topProducts }: Catalogue, variables: CatalogueRequest['variables']): SubRequest[] {
  const products = topProducts.map(({ id }) => ({ __typename: 'Product', id }));
  const authors = new Set(topProducts.flatMap(({ reviews = [] }) => reviews.map(({ author }) => author.id)));
  const users = [...authors].map((id) => ({ __typename: 'User', id }));
  const list = 'query ($first: Int!) { topProducts(first: $first) { __typename id name price } }';
  return [
    subRequest('products', { query: list, variables }),
    entities('reviews', products, '... on Product { reviews { id rating body author { __typename id } } }'),
    entities('inventory', products, '... on Product { inStock warehouse }'),
    entities('users', users, '... on User { name email }'),
  ];
}

function entities(name: CatalogueService, representations: readonly object[], selection: string): SubRequest {
  const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${selection} } }`;
  return subRequest(name, { query, variables: { representations } });
}

function subRequest(name: CatalogueService, request: CatalogueRequest): SubRequest {
  const pool = pools.get(name);
  if (pool === undefined) throw new Error(`there is no URL of ${name}`);
  return { pool, path: new URL(urls.get(name) ?? '').pathname, body: JSON.stringify(request) };
}

async function send({ pool, path, body }: SubRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    pool.dispatch(
      { path, method: 'POST', headers: HEADERS, body },
      {
        // Without it, undici takes this for a handler of its older form.
        onRequestStart: () => undefined,
        onResponseData: (_controller, chunk) => void chunks.push(chunk),
        onResponseEnd: () => resolve(JSON.parse(Buffer.concat(chunks).toString('utf8'))),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}

serveRaw(async (body) => {
  const { answer, requests } = known.get(body) ?? (await prepare(body));
  await Promise.all(requests.map(send));
  return answer;
});
