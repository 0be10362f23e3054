import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { execute, subscribe } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { createGateway, type Gateway } from '../../../gateway/index.js';
import { type EventGraph, eventGraph } from '../graphs/event-graph.js';

/** `gateway`: ours; `bare`: graphql-ws with graphql-js over the same graph as one schema; `sockets`: ws alone. */
export type StreamServerKind = 'gateway' | 'bare' | 'sockets';

export type StreamServerOrder =
  | { readonly kind: 'start'; readonly server: StreamServerKind }
  | { readonly kind: 'usage' }
  | { readonly kind: 'push'; readonly events: number }
  | { readonly kind: 'swap' };

export type StreamServerReport =
  | { readonly kind: 'started'; readonly url: string }
  | {
      readonly kind: 'usage';
      readonly rssBytes: number;
      readonly heapBytes: number;
      readonly cpuMicroseconds: number;
      readonly sources: number;
    }
  | { readonly kind: 'done' };

let graph: EventGraph;
let gateway: Gateway | undefined;

function tell(report: StreamServerReport): void {
  process.send?.(report);
}

async function startGateway(): Promise<string> {
  gateway = await createGateway<{ name: string }>({
    supergraph: { sdl: graph.supergraphSdl },
    transports: graph.transports,
    authenticate: ({ connectionParams }) => {
      const shown = connectionParams?.['authorization'];
      return { name: typeof shown === 'string' ? shown : '' };
    },
    holds: () => true,
    contextPerEvent: ({ name }) => ({ name }),
    accessIdentity: ({ name }) => name,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  const server = fastify({ forceCloseConnections: true });
  await server.register(gateway.fastifyPlugin);
  await server.listen({ host: '127.0.0.1', port: 0 });
  return `ws://127.0.0.1:${portOf(server.server)}/graphql`;
}

async function startBare(isGraphql: boolean): Promise<string> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' });
  if (isGraphql) useServer({ schema: graph.whole, execute, subscribe }, sockets, 60_000);
  else
    sockets.on('connection', (socket) => {
      socket.once('message', () => socket.send('{"type":"connection_ack"}'));
    });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `ws://127.0.0.1:${portOf(server)}/graphql`;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** After several collections, so that what remains is held. */
async function usage(): Promise<void> {
  for (let count = 0; count < 4; count += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const sources = graph.events.subscribers;
  tell({ kind: 'usage', rssBytes: rss, heapBytes: heapUsed + external, cpuMicroseconds: user + system, sources });
}

async function push(events: number): Promise<void> {
  for (let count = 0; count < events; count += 1) {
    graph.events.push();
    // As events come: each in a turn of its own.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  tell({ kind: 'done' });
}

async function handle(order: StreamServerOrder): Promise<void> {
  switch (order.kind) {
    case 'start':
      graph = eventGraph();
      return tell({
        kind: 'started',
        url: order.server === 'gateway' ? await startGateway() : await startBare(order.server === 'bare'),
      });
    case 'usage':
      return usage();
    case 'push':
      return push(order.events);
    case 'swap':
      // Another text, or nothing would be swapped.
      await gateway?.runtime.swap({ sdl: `${graph.supergraphSdl}\n# once more\n` });
      return tell({ kind: 'done' });
  }
}

process.on('message', (order: StreamServerOrder) => {
  handle(order).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(0));
