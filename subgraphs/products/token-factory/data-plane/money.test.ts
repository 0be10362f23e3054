import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { settleAbandonedJob } from '../jobs/settle-abandoned-job.js';
import { type TestGateway, startTestGateway } from '../testing/test-gateway.js';
import { HeldSpendGuard } from './held-spend-guard.js';
import type { SpendTicket, Spent } from './spend-guard.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ withoutWorker: true });
});
afterAll(() => gateway.close());

async function held(guard: HeldSpendGuard, amountNanos = 1000n): Promise<{ ticket: SpendTicket; requestId: string }> {
  const { organizationId, departmentId, projectId } = gateway.place;
  const requestId = newId('mrq');
  const outcome = await guard.hold({
    requestId,
    place: { organizationId, departmentId, projectId },
    routeId: newId('mrt'),
    actorId: newId('usr'),
    correlationId: newId('cor'),
    amountNanos,
  });
  if (!outcome.ok) throw new Error('the hold was refused');
  return { ticket: outcome.value, requestId };
}

async function spentOf(inputTokens: number, outputTokens: number): Promise<Spent> {
  gateway.billing.priceBook.set('model:m input_token', 1n).set('model:m output_token', 2n);
  const snapshot = async (unit: string) => {
    const outcome = await gateway.billing.prices.snapshot(undefined as never, {
      priceKey: 'model:m',
      unit,
      organizationId: '',
    });
    if (!outcome.ok) throw new Error('no price');
    return outcome.value;
  };
  const [input, output] = [await snapshot('input_token'), await snapshot('output_token')];
  return {
    price: { inputPriceId: input.id, inputNanos: 1n, outputPriceId: output.id, outputNanos: 2n, currency: 'USD' },
    modelSlug: 'm',
    count: { inputTokens, outputTokens },
  };
}

const intents = async (): Promise<unknown[]> =>
  gateway.test.kernel.database.read('system', (tx) => tx.rows('select id from token_factory.spend_intents'));
const run = (job: ReturnType<typeof settleAbandonedJob>) => job.run(new AbortController().signal);

describe('money of a request', () => {
  it('is held, settled once however often it is asked to, and leaves nothing behind', async () => {
    const guard = new HeldSpendGuard({ kernel: gateway.test.kernel, billing: gateway.billing });
    const { ticket, requestId } = await held(guard);
    expect(gateway.billing.heldNanos).toBe(1000n);
    const spent = await spentOf(10, 20);
    const before = gateway.billing.balanceNanos;
    expect(await Promise.all([ticket.settle(spent), ticket.settle(spent), ticket.release()])).toEqual([
      50n,
      50n,
      undefined,
    ]);
    expect(before - gateway.billing.balanceNanos).toBe(50n);
    expect(gateway.billing.events.get(`${requestId}:output`)).toMatchObject({
      baseQuantity: 20n,
      holdReference: requestId,
      source: 'token_factory',
      productId: 'token-factory',
    });
    expect(await intents()).toEqual([]);
    expect(gateway.billing.heldNanos).toBe(0n);
  });

  it('is tried again until the ledger has it', async () => {
    const guard = new HeldSpendGuard({ kernel: gateway.test.kernel, billing: gateway.billing });
    const { ticket } = await held(guard);
    gateway.billing.failingRecords = 3;
    const before = gateway.billing.balanceNanos;
    expect(await ticket.settle(await spentOf(1, 1))).toBe(3n);
    expect(before - gateway.billing.balanceNanos).toBe(3n);
    expect(await intents()).toEqual([]);
  });

  it('of a gateway that died is settled at the last count it wrote down, once, also when it was only asleep', async () => {
    const dying = new HeldSpendGuard({ kernel: gateway.test.kernel, billing: gateway.billing });
    const { ticket, requestId } = await held(dying);
    ticket.progress(await spentOf(7, 11));
    // Stopping writes the counts down, as the checkpoint every two seconds does.
    await dying.stop();
    const job = settleAbandonedJob({ kernel: gateway.test.kernel, billing: gateway.billing, silentSeconds: 0 });
    const before = gateway.billing.balanceNanos;
    await Promise.all([run(job), run(job)]);
    expect(before - gateway.billing.balanceNanos).toBe(7n + 22n);
    expect(gateway.billing.events.get(`${requestId}:input`)?.baseQuantity).toBe(7n);
    await ticket.settle(await spentOf(7, 900));
    expect(before - gateway.billing.balanceNanos).toBe(29n);
    expect(await intents()).toEqual([]);
  });

  it('of a gateway that died before it counted anything is given back', async () => {
    const dead = new HeldSpendGuard({ kernel: gateway.test.kernel, billing: gateway.billing });
    await held(dead);
    const before = gateway.billing.balanceNanos;
    await run(settleAbandonedJob({ kernel: gateway.test.kernel, billing: gateway.billing, silentSeconds: 0 }));
    expect(gateway.billing.balanceNanos).toBe(before);
    expect(gateway.billing.heldNanos).toBe(0n);
  });

  it('that cannot be settled yet is tried again, and does not stand in the way of others', async () => {
    const dying = new HeldSpendGuard({ kernel: gateway.test.kernel, billing: gateway.billing });
    const [first, second] = [await held(dying), await held(dying)];
    first.ticket.progress(await spentOf(1, 1));
    second.ticket.progress(await spentOf(2, 2));
    await dying.stop();
    gateway.billing.failingRecords = 1;
    const before = gateway.billing.balanceNanos;
    const job = settleAbandonedJob({ kernel: gateway.test.kernel, billing: gateway.billing, silentSeconds: 0 });
    await run(job);
    expect(await intents()).toHaveLength(1);
    await run(job);
    expect(await intents()).toEqual([]);
    expect(before - gateway.billing.balanceNanos).toBe(3n + 6n);
  });

  it('of a live gateway is left alone by the job', async () => {
    const live = new HeldSpendGuard({ kernel: gateway.test.kernel, billing: gateway.billing });
    const { ticket } = await held(live);
    await run(settleAbandonedJob({ kernel: gateway.test.kernel, billing: gateway.billing }));
    expect(await intents()).toHaveLength(1);
    await ticket.release();
    expect(await intents()).toHaveLength(0);
  });
});
