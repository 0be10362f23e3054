import { CloseCode, type Server } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { GatewayLogger } from '../gateway-options.js';

export interface ProtocolSocketOptions<Extra extends Record<PropertyKey, unknown>> {
  readonly server: Server<Extra>;
  readonly extra: Extra;
  readonly logger: GatewayLogger;
  /** Answers a `ping` of the protocol instead of the server. */
  readonly onPing: (payload: Record<string, unknown> | undefined) => Promise<void>;
}

/**
 * Connects a socket to the protocol's server. Unlike the library's own adapter it logs where we log, never tells a client
 * what failed inside, and costs a socket no timers.
 */
export function openProtocolSocket<Extra extends Record<PropertyKey, unknown>>(
  socket: WebSocket,
  { server, extra, logger, onPing }: ProtocolSocketOptions<Extra>,
): void {
  // What a client does wrong below the protocol closes the socket with the code that says so (RFC 6455, 7.4.1).
  socket.on('error', () => undefined);
  const closed = server.opened(
    {
      protocol: socket.protocol,
      send: async (text) => send(socket, text),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (receive) =>
        socket.on('message', (data: Buffer) => {
          receive(data.toString()).catch((error: unknown) => {
            logger.warn({ err: error }, 'a message of a socket could not be handled');
            socket.close(CloseCode.InternalServerError, 'Internal server error');
          });
        }),
      onPing,
    },
    extra,
  );
  socket.once('close', (code, reason) => {
    closed(code, reason.toString()).catch((error: unknown) => logger.warn({ err: error }, 'a socket did not end well'));
  });
}

/** Resolves when it is written out: whoever streams waits for a client that reads slowly. */
async function send(socket: WebSocket, text: string): Promise<void> {
  if (socket.readyState !== socket.OPEN) return;
  return new Promise((resolve, reject) => {
    socket.send(text, (error) => {
      // A socket that broke closes: its streams end by that.
      if (error && socket.readyState === socket.OPEN) reject(error);
      else resolve();
    });
  });
}
