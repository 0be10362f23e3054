import { parse, type ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { gatewayOperation } from '../testing/gateway-operation.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { interceptTransports, scriptedTransport } from '../testing/intercept-transport.js';
import { shopSupergraph, shopTransports } from '../testing/shop-graph.js';
import { shopResolvers } from '../testing/shop-resolvers.js';
import type { SubgraphTransport } from '../transports/subgraph-transport.js';
import { FederatedEngine } from './federated-engine.js';

type Stream = AsyncGenerator<ExecutionResult, void, void>;

async function subscribe(
  transports: Map<string, SubgraphTransport>,
  contextPerEvent?: (context: unknown) => unknown,
): Promise<Stream | ExecutionResult> {
  const engine = new FederatedEngine({ supergraphSdl: shopSupergraph().sdl, transports });
  const document = parse('subscription ($n: Int) { userEvents(count: $n) { cursor user { name reviews { body } } } }');
  const operation = gatewayOperation(document);
  return engine.subscribe({
    operation,
    variables: {},
    context: { of: 'connection' },
    ...(contextPerEvent ? { contextPerEvent } : {}),
  });
}

function streamOf(result: Stream | ExecutionResult): Stream {
  if (!(Symbol.asyncIterator in result)) throw new Error('refused');
  return result;
}

describe('subscriptions', () => {
  it('run each event in a context of its own, in all subgraphs the same', async () => {
    const resolvers = shopResolvers();
    const seen: unknown[] = [];
    const ofUser = resolvers.accounts['User'] as Record<string, unknown>;
    ofUser['name'] = (user: { name: string }, _: unknown, context: unknown) => {
      seen.push(context);
      return user.name;
    };
    const followed: unknown[] = [];
    const transports = interceptTransports(shopTransports(resolvers), () => async (next, { context }) => {
      followed.push(context);
      return next();
    });
    let events = 0;
    const stream = streamOf(await subscribe(transports, () => ({ event: ++events })));
    expect((await Array.fromAsync(stream)).length).toBe(3);
    expect(seen).toEqual([{ event: 1 }, { event: 2 }, { event: 3 }]);
    expect(followed).toEqual(seen);
  });

  it('close the upstream when the client goes while an event is awaited', async () => {
    const transports = shopTransports();
    let isClosed = false;
    const silent = {
      next: async (): Promise<never> => new Promise(() => undefined),
      return: async () => {
        isClosed = true;
        return { done: true as const, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    transports.set(
      'accounts',
      scriptedTransport(
        async () => ({}),
        async () => silent,
      ),
    );
    const stream = streamOf(await subscribe(transports));
    void stream.next();
    await stream.return();
    expect(isClosed).toBe(true);
  });

  it('answer a refusal of the subgraph as errors without data', async () => {
    const transports = shopTransports();
    transports.set(
      'accounts',
      scriptedTransport(
        async () => ({}),
        async () => {
          throw new PlatformError('FORBIDDEN', 'not yours');
        },
      ),
    );
    expect(await subscribe(transports)).toMatchObject({
      errors: [{ message: 'not yours', extensions: { code: 'FORBIDDEN', service: 'accounts' } }],
    });
  });

  it('go on when a subgraph that follows the subject fails', async () => {
    const transports = shopTransports();
    const down = scriptedTransport(async () => {
      throw new PlatformError('UNAVAILABLE', 'down');
    });
    transports.set('reviews', down);
    const [first] = await Array.fromAsync(streamOf(await subscribe(transports)));
    expect(first?.data).toEqual({ userEvents: { cursor: '1', user: { name: 'Ada', reviews: null } } });
    expect(first?.errors?.map(({ path }) => path)).toEqual([['userEvents', 'user', 'reviews']]);
  });
});
