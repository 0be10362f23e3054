import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import { createHandler } from 'graphql-http/lib/use/http';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { takeTurns } from '../../kernel/http/event-loop-turns.js';

export interface SubgraphServer {
  readonly url: string;
  readonly server: Server;
  /** Headers of the requests and upgrades received. */
  readonly received: IncomingHttpHeaders[];
  /** Open WebSockets. */
  socketCount(): number;
  /** Breaks all WebSockets off, as a network would. */
  dropSockets(): void;
  stop(): Promise<void>;
}

/** Serves a subgraph as the platform does: POST and graphql-transport-ws on `/graphql`. */
export async function startSubgraphServer(schema: GraphQLSchema): Promise<SubgraphServer> {
  const received: IncomingHttpHeaders[] = [];
  const answer = createHandler({ schema, context: (request) => ({ headers: { ...request.headers } }) });
  const server = createServer((request, response) => {
    received.push(request.headers);
    void answer(request, response);
  });
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  sockets.on('connection', (_, request) => received.push(request.headers));
  const { dispose } = useServer({ schema, onNext: takeTurns() }, sockets);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    server,
    received,
    socketCount: () => sockets.clients.size,
    dropSockets: () => {
      for (const socket of sockets.clients) socket.terminate();
    },
    stop: async () => {
      await dispose();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
