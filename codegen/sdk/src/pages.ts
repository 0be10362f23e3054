/** A page of a connection: documents must select `nodes` and `pageInfo { hasNextPage endCursor }`. */
export interface PageOf<Item> {
  readonly nodes: readonly Item[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor?: string | null };
}

export interface PagesOptions {
  /** Stop after this many items; a list without an end must not be walked by mistake. */
  readonly itemsMax?: number;
  readonly signal?: AbortSignal;
}

const ITEMS_MAX = 10_000;

/**
 * Walks a connection page by page: `for await (const sku of pages((after) => client.request(Skus, { after }).then((r) => r.skus)))`.
 */
export async function* pages<Item>(
  fetchPage: (after: string | null) => Promise<PageOf<Item>>,
  options: PagesOptions = {},
): AsyncGenerator<Item, void, undefined> {
  let remaining = options.itemsMax ?? ITEMS_MAX;
  let after: string | null = null;
  for (;;) {
    options.signal?.throwIfAborted();
    const page: PageOf<Item> = await fetchPage(after);
    for (const item of page.nodes) {
      if (remaining === 0) return;
      remaining -= 1;
      yield item;
    }
    if (!page.pageInfo.hasNextPage || page.pageInfo.endCursor == null) return;
    after = page.pageInfo.endCursor;
  }
}
