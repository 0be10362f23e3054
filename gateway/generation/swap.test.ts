import { afterEach, describe, expect, it, vi } from 'vitest';
import { Metrics } from '../../kernel/telemetry/metrics.js';
import type { ExecutionRequest, GatewayOperation } from '../engine/engine.js';
import { GatewayRuntime, type RuntimeOptions } from '../runtime.js';
import { SHOP_SDL, shopSupergraph, shopTransports } from '../testing/shop-graph.js';
import type { SubgraphTransport } from '../transports/subgraph-transport.js';

const runtimes: GatewayRuntime[] = [];
afterEach(async () => {
  await Promise.all(runtimes.splice(0).map(async (runtime) => runtime.close()));
});

const { sdl } = shopSupergraph();
const logger = { info: vi.fn<() => void>(), warn: vi.fn<() => void>(), error: vi.fn<() => void>() };

async function start(options: Partial<RuntimeOptions> = {}): Promise<GatewayRuntime> {
  const runtime = await GatewayRuntime.start({
    supergraph: { sdl },
    transports: shopTransports(),
    logger,
    swap: { inlineAfterSeconds: 60, farewellSeconds: 0 },
    ...options,
  });
  runtimes.push(runtime);
  return runtime;
}

const subgraphsWith = (change: (text: string) => string) =>
  Object.entries(SHOP_SDL).map(([name, text]) => ({ name, sdl: change(text) }));
/** Without the price of products. */
const WITHOUT_PRICE = { subgraphs: subgraphsWith((text) => text.replaceAll('price: Int', '')) };

async function operationOf(runtime: GatewayRuntime, text: string, held = false): Promise<GatewayOperation> {
  const selected = await runtime.select(text, undefined);
  if (!('generation' in selected)) throw new Error(selected.map(({ message }) => message).join());
  return selected.generation.operations.authorize(selected.stored, selected.definition, () => held);
}

async function run(runtime: GatewayRuntime, text: string): Promise<unknown> {
  const request: ExecutionRequest = { operation: await operationOf(runtime, text), variables: {}, context: {} };
  return runtime.generation.engine.execute(request);
}

function closable(transports: ReadonlyMap<string, SubgraphTransport>) {
  const close = vi.fn<(name: string) => void>();
  const wrapped = [...transports].map(([name, transport]): [string, SubgraphTransport] => [
    name,
    {
      representationForm: transport.representationForm,
      compile: (operation) => transport.compile(operation),
      subscribe: async (request) => transport.subscribe(request),
      close: async () => close(name),
    },
  ]);
  return { transports: new Map(wrapped), closed: () => close.mock.calls.map(([name]) => name).sort() };
}

describe('a swap', { timeout: 60_000 }, () => {
  it('prepares the new supergraph for what is used most and for trusted documents, for the same rights', async () => {
    const compiled: string[] = [];
    const counting = [...shopTransports()].map(([name, transport]): [string, SubgraphTransport] => [
      name,
      Object.assign(Object.create(transport) as SubgraphTransport, {
        compile: (operation: Parameters<SubgraphTransport['compile']>[0]) => {
          compiled.push(operation.text);
          return transport.compile(operation);
        },
      }),
    ]);
    const trustedDocuments = () => ['query A { me { role } } query B { products { title } }'];
    const runtime = await start({ transports: new Map(counting), trustedDocuments });
    const used = ['{ me { name email } }', '{ users { name } }'];
    for (const text of used) await run(runtime, text);
    const report = await runtime.swap(WITHOUT_PRICE);
    expect(report).toMatchObject({ outcome: 'swapped', planned: 3, left: 0, broken: [] });
    compiled.length = 0;
    for (const text of used) await run(runtime, text);
    expect(compiled).toEqual([]);
    await run(runtime, '{ users { id } }');
    expect(compiled).toHaveLength(1);
  });

  it('says which operations in use and which trusted documents it breaks, and why', async () => {
    const runtime = await start({ trustedDocuments: () => ['query Prices { products { price } }'] });
    await run(runtime, 'query Mine { me { favourite { price } } }');
    await run(runtime, '{ me { name } }');
    const { broken, planned } = await runtime.swap(WITHOUT_PRICE);
    expect(planned).toBe(1);
    expect(broken).toEqual([
      {
        text: 'query Prices { products { price } }',
        reasons: [expect.stringContaining('Cannot query field "price"')],
      },
      {
        operationName: 'Mine',
        text: 'query Mine { me { favourite { price } } }',
        reasons: [expect.stringContaining('Cannot query field "price"')],
      },
    ]);
    expect(logger.warn).toHaveBeenCalledWith({ broken }, expect.stringContaining('breaks operations'));
  });

  it('tells what became of each supergraph, and which one is in force', async () => {
    const metrics = new Metrics();
    const runtime = await start({ metrics });
    const before = runtime.status;
    expect(before.supergraphHash).toMatch(/^[0-9a-f]{64}$/);
    expect(before).toMatchObject({ subgraphs: ['accounts', 'products', 'reviews', 'shipping'], retiring: 0 });
    expect(await runtime.swap({ sdl })).toMatchObject({ outcome: 'unchanged' });
    await expect(runtime.swap({ sdl: 'type Query { a: Int }' })).rejects.toThrow('supergraph');
    expect(runtime.status).toMatchObject({
      supergraphHash: before.supergraphHash,
      refused: { reason: expect.stringContaining('supergraph') },
    });
    const swaps = await Promise.allSettled([1, 2, 3].map(async () => runtime.swap(WITHOUT_PRICE)));
    expect(swaps.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(runtime.status.refused).toBeUndefined();
    expect(runtime.status.supergraphHash).not.toBe(before.supergraphHash);
    const counted = await metrics.registry.getSingleMetricAsString('gateway_supergraph_swap_total');
    for (const line of ['"unchanged"} 2', '"refused"} 1', '"swapped"} 1', '"superseded"} 1']) {
      expect(counted).toContain(line);
    }
  });

  it('closes transports when the last request that needs them has ended, and those of a refused supergraph', async () => {
    const gate = Promise.withResolvers<void>();
    const first = closable(shopTransports());
    const slow = closable(shopTransports());
    const kept = first.transports.get('products');
    const accounts = slow.transports.get('accounts');
    if (!kept || !accounts) throw new Error('the shop has products and accounts');
    const compile = accounts.compile.bind(accounts);
    accounts.compile = (operation) => {
      const fetch = compile(operation);
      return async (call) => {
        await gate.promise;
        return fetch(call);
      };
    };
    const runtime = await start({ transports: new Map([...slow.transports, ['products', kept]]) });
    const answer = run(runtime, '{ me { name } }');
    await runtime.swap({ sdl }, first.transports);
    expect([slow.closed(), runtime.status.retiring]).toEqual([[], 1]);
    gate.resolve();
    expect(await answer).toEqual({ data: { me: { name: 'Ada' } } });
    await vi.waitFor(() => expect(slow.closed()).toEqual(['accounts', 'reviews', 'shipping']));
    const refused = closable(shopTransports());
    await expect(runtime.swap({ sdl: 'nothing' }, refused.transports)).rejects.toThrow('Syntax Error');
    expect(refused.closed()).toHaveLength(4);
    expect(first.closed()).toEqual([]);
    await runtime.close();
    expect(first.closed()).toHaveLength(4);
  });

  it('is refused when the gateway closes meanwhile', async () => {
    const runtime = await start();
    const swap = Promise.allSettled([runtime.swap(WITHOUT_PRICE)]);
    await runtime.close();
    expect(await swap).toMatchObject([{ reason: { code: 'UNAVAILABLE' } }]);
  });
});
