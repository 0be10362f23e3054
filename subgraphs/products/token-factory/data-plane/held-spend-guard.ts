import type { Kernel } from '../../../../kernel/kernel.js';
import { type Outcome, accept } from '../../../../kernel/errors/refusal.js';
import type { Nanos } from '../../../../kernel/money/nano-units.js';
import type { Billing } from '../../../platform/billing/index.js';
import { costOf } from '../domain/token-price.js';
import { type SpendIntent, closeIntent, insertIntent } from '../store/spend-intents.js';
import type { SpendGuard, SpendRequest, SpendTicket, Spent } from './spend-guard.js';

/** Longer than a request may run, so that a hold never expires under one. */
const HOLD_SECONDS = 900;
const CHECKPOINT_MILLISECONDS = 2000;
const RETRY_MILLISECONDS_MAX = 5000;
/** About four minutes of tries; then the checkpoints end, and the job for abandoned requests goes on trying. */
const ATTEMPTS_MAX = 60;
const STOP_MILLISECONDS = 5000;

interface Running {
  readonly intent: SpendIntent;
  spent: Spent | null;
}

/**
 * One hold and one settlement for each request, each a transaction of its own. Every two seconds one statement writes
 * down the counts of all requests under way: after a crash a job settles them at that count, and at most two seconds of
 * delivered tokens stay unpaid. When the ledger cannot be reached at the end, this process keeps
 * trying for minutes, and the job after it.
 */
export class HeldSpendGuard implements SpendGuard {
  readonly #kernel: Kernel;
  readonly #billing: Pick<Billing, 'holds' | 'usage'>;
  readonly #running = new Map<string, Running>();
  readonly #closing = new Set<Promise<unknown>>();
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(deps: { kernel: Kernel; billing: Pick<Billing, 'holds' | 'usage'> }) {
    this.#kernel = deps.kernel;
    this.#billing = deps.billing;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#checkpoint(), CHECKPOINT_MILLISECONDS);
    this.#timer.unref();
  }

  async hold(request: SpendRequest): Promise<Outcome<SpendTicket>> {
    const startedAt = new Date();
    const held = await this.#kernel.database.transaction(
      [request.place.organizationId],
      async (tx): Promise<Outcome<null>> => {
        if (request.amountNanos > 0n) {
          const hold = await this.#billing.holds.hold(tx, {
            place: request.place,
            amountNanos: request.amountNanos,
            reference: request.requestId,
            reason: 'model request',
            ttlSeconds: HOLD_SECONDS,
          });
          if (!hold.ok) return hold;
        }
        await insertIntent(tx, request);
        return accept(null);
      },
    );
    if (!held.ok) return held;
    const { amountNanos: heldNanos, ...rest } = request;
    const running: Running = { intent: { ...rest, heldNanos, startedAt }, spent: null };
    this.#running.set(request.requestId, running);
    return accept(this.#ticket(running));
  }

  #ticket(running: Running): SpendTicket {
    let closed: Promise<Nanos> | undefined;
    const close = (spent: Spent | null): Promise<Nanos> => {
      closed ??= this.#track(this.#close(running, spent));
      return closed;
    };
    return {
      heldNanos: running.intent.heldNanos,
      progress: (spent) => {
        running.spent = spent;
      },
      settle: (spent) => close(spent),
      release: async () => void (await close(null)),
    };
  }

  async #track<Value>(work: Promise<Value>): Promise<Value> {
    this.#closing.add(work);
    try {
      return await work;
    } finally {
      this.#closing.delete(work);
    }
  }

  async #close(running: Running, spent: Spent | null): Promise<Nanos> {
    const { intent } = running;
    // While it is tried again, checkpoints keep telling the count: should this process die, the job settles at it.
    running.spent = spent;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const cost = await this.#kernel.database.transaction([intent.place.organizationId], (tx) =>
          closeIntent(tx, this.#billing, intent, spent, new Date()),
        );
        this.#running.delete(intent.requestId);
        return cost ?? (spent === null ? 0n : costOf(spent.price, spent.count));
      } catch (error) {
        this.#kernel.logger.error(
          { err: error, request: intent.requestId, attempt },
          'a model request could not be settled and will be tried again',
        );
        if (this.#isStopping) throw error;
        if (attempt >= ATTEMPTS_MAX) {
          await this.#checkpoint();
          this.#running.delete(intent.requestId);
          throw error;
        }
        await pause(Math.min(RETRY_MILLISECONDS_MAX, 50 * 2 ** Math.min(attempt, 10)));
      }
    }
  }

  async #checkpoint(): Promise<void> {
    const running = [...this.#running.values()];
    if (running.length === 0) return;
    await this.#kernel.database
      .transaction('system', (tx) =>
        tx.execute(
          `update token_factory.spend_intents i
           set heartbeat_at = now(), input_tokens = u.input_tokens, output_tokens = u.output_tokens,
               input_price_id = u.input_price_id, output_price_id = u.output_price_id
           from unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::text[])
             as u (id, input_tokens, output_tokens, input_price_id, output_price_id)
           where i.id = u.id`,
          [
            running.map((one) => one.intent.requestId),
            running.map((one) => one.spent?.count.inputTokens ?? 0),
            running.map((one) => one.spent?.count.outputTokens ?? 0),
            running.map((one) => one.spent?.price.inputPriceId ?? null),
            running.map((one) => one.spent?.price.outputPriceId ?? null),
          ],
        ),
      )
      .catch((error: unknown) =>
        this.#kernel.logger.warn({ err: error }, 'counts of model requests could not be written down'),
      );
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const settled = Promise.allSettled(this.#closing);
    await Promise.race([settled, pause(STOP_MILLISECONDS)]);
    this.#isStopping = true;
    await this.#checkpoint();
  }
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
