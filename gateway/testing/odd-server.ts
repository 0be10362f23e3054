import { createServer, type RequestListener, type Server } from 'node:http';

export interface OddServer {
  readonly url: string;
  /** Requests received. */
  readonly attempts: () => number;
  stop(): void;
}

/** A server that answers as a test wants, however wrong. */
export async function startOddServer(answer: RequestListener): Promise<OddServer> {
  let attempts = 0;
  const server: Server = createServer({ maxHeaderSize: 65_536 }, (incoming, outgoing) => {
    attempts++;
    answer(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    attempts: () => attempts,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
