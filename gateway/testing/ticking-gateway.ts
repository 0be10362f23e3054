import { PlatformError } from '../../kernel/errors/platform-error.js';
import type { GatewayOptions } from '../gateway-options.js';
import { startTestGateway, type TestContext, type TestGateway } from './test-gateway.js';
import { TickerGraph, type TickContext } from './ticker-graph.js';

/** A caller whose token says who it is and how long it lives: `Bearer ada:1500` is Ada for 1.5 s. */
export interface TokenContext extends TestContext, TickContext {
  readonly expiresAt?: number;
}

export interface TickingGateway extends TestGateway {
  readonly graph: TickerGraph;
}

/** A test gateway over the ticker graph: streams are resumable, shared by token, and end when the token does. */
export async function startTickingGateway(options: Partial<GatewayOptions<TestContext>> = {}): Promise<TickingGateway> {
  const graph = new TickerGraph();
  const timers = new Set<NodeJS.Timeout>();
  const test = await startTestGateway({
    supergraph: { sdl: graph.supergraph.sdl },
    transports: graph.transports(),
    streamConvention: { now: 'now' },
    authenticate: ({ headers, connectionParams }) => {
      const shown = connectionParams?.['authorization'] ?? headers.authorization;
      const [name = '', life] = (typeof shown === 'string' ? shown.replace(/^Bearer /, '') : '').split(':');
      if (name === 'bad') throw new PlatformError('TOKEN_INVALID', 'The token is not valid.');
      if (name === 'denied') throw new PlatformError('FORBIDDEN', 'You may not connect.');
      const context: TestContext = { name, permissions: new Set() };
      if (life === undefined) return context;
      const expiresAt = Date.now() / 1_000 + Number(life) / 1_000;
      // As in the kernel, a stream looks again when its credential ends.
      timers.add(setTimeout(() => graph.wake(), Number(life) + 5));
      return { ...context, expiresAt, check: () => assertValid(expiresAt) } satisfies TokenContext;
    },
    accessIdentity: (context) => `${context.name} ${String(expiryOf(context))}`,
    expiresAt: expiryOf,
    ...options,
  });
  return {
    ...test,
    graph,
    stop: async () => {
      for (const timer of timers) clearTimeout(timer);
      await test.stop();
    },
  };
}

function expiryOf(context: TestContext): number | undefined {
  return (context as TokenContext).expiresAt;
}

function assertValid(expiresAt: number): void {
  if (expiresAt * 1_000 <= Date.now()) throw new PlatformError('TOKEN_EXPIRED', 'The token has expired.');
}
