import type { Kernel } from '../../../../kernel/kernel.js';
import type { Prices } from '../../../platform/billing/index.js';
import type { TokenPrice } from '../domain/token-price.js';
import { INPUT_UNIT, OUTPUT_UNIT, modelPriceKey } from '../usecases/require-prices.js';
import type { ServedModel } from './model-snapshot.js';

const REFRESH_MILLISECONDS = 30_000;
const EXPIRY_MILLISECONDS = 60_000;
const UNKNOWN_MILLISECONDS = 1000;
const ENTRIES_MAX = 50_000;
const FOLLOW_MILLISECONDS = 250;

interface Entry {
  readonly organizationId: string;
  readonly model: ServedModel;
  price: TokenPrice | null;
  loadedAt: number;
  loading: Promise<TokenPrice | null> | null;
}

/**
 * Prices in force, frozen as billing's snapshots, by organization and model. A change of price is heard of as an event
 * and loaded at once; age is the backstop. An unknown price answers null and is asked for again after a second.
 */
export class PriceList {
  readonly #kernel: Kernel;
  readonly #prices: Prices;
  readonly #entries = new Map<string, Entry>();
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(deps: { kernel: Kernel; prices: Prices }) {
    this.#kernel = deps.kernel;
    this.#prices = deps.prices;
  }

  start(): void {
    this.#running = this.#follow();
  }

  /** The price of a model for an organization; asks the database only when it is not known yet or too old. */
  price(organizationId: string, model: ServedModel): TokenPrice | null | Promise<TokenPrice | null> {
    const key = `${organizationId} ${model.id}`;
    const entry = this.#entries.get(key) ?? this.#add(key, organizationId, model);
    const age = performance.now() - entry.loadedAt;
    if (age < (entry.price === null ? UNKNOWN_MILLISECONDS : REFRESH_MILLISECONDS)) return entry.price;
    const loading = this.#load(entry);
    if (entry.price === null || age >= EXPIRY_MILLISECONDS) return loading;
    loading.catch(() => {});
    return entry.price;
  }

  #add(key: string, organizationId: string, model: ServedModel): Entry {
    if (this.#entries.size >= ENTRIES_MAX) this.#entries.clear();
    const entry: Entry = { organizationId, model, price: null, loadedAt: Number.NEGATIVE_INFINITY, loading: null };
    this.#entries.set(key, entry);
    return entry;
  }

  #load(entry: Entry): Promise<TokenPrice | null> {
    entry.loading ??= this.#ask(entry).finally(() => {
      entry.loading = null;
    });
    return entry.loading;
  }

  async #ask(entry: Entry): Promise<TokenPrice | null> {
    const { organizationId, model } = entry;
    const askedAt = performance.now();
    const price = await this.#kernel.database.transaction([organizationId], async (tx) => {
      const request = { priceKey: modelPriceKey(model.slug), organizationId };
      const input = await this.#prices.snapshot(tx, { ...request, unit: INPUT_UNIT });
      if (!input.ok) return null;
      const output =
        model.modality === 'embedding' ? null : await this.#prices.snapshot(tx, { ...request, unit: OUTPUT_UNIT });
      if (output?.ok === false || (output !== null && output.value.currency !== input.value.currency)) return null;
      return {
        inputPriceId: input.value.id,
        inputNanos: input.value.unitPriceNanos,
        outputPriceId: output?.value.id ?? null,
        outputNanos: output?.value.unitPriceNanos ?? 0n,
        currency: input.value.currency,
      };
    });
    entry.price = price;
    entry.loadedAt = askedAt;
    return price;
  }

  async #follow(): Promise<void> {
    const { feed, logger } = this.#kernel;
    const { signal } = this.#stopping;
    let position = feed.head;
    while (!signal.aborted && !feed.isClosed) {
      const { events, through } = await feed.readAfter(
        position,
        { types: ['billing.price.', 'billing.price_book.'] },
        100,
      );
      position = through;
      if (events.length > 0)
        await this.#reload().catch((error: unknown) => logger.warn({ err: error }, 'prices could not be reloaded'));
      else await feed.waitBeyond(position, AbortSignal.any([signal, AbortSignal.timeout(FOLLOW_MILLISECONDS)]));
    }
  }

  /** Loads everything that is held again, a few at a time. */
  async #reload(): Promise<void> {
    const entries = [...this.#entries.values()];
    for (const entry of entries) entry.loadedAt = Math.min(entry.loadedAt, performance.now() - REFRESH_MILLISECONDS);
    for (let index = 0; index < entries.length && !this.#stopping.signal.aborted; index += 4) {
      await Promise.all(entries.slice(index, index + 4).map((entry) => this.#load(entry)));
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }
}
