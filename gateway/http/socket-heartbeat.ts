import { setImmediate } from 'node:timers/promises';
import type { WebSocket } from 'ws';

/** Sockets that are pinged in one turn of the event loop. */
const BATCH = 250;

/**
 * Pings all sockets at an interval (RFC 6455, 5.5.2), and ends those that did not answer the last time: a network that
 * lost a connection without a word would otherwise keep it for ever. One timer for all. Gives what stops it.
 */
export function startHeartbeat(sockets: ReadonlySet<WebSocket>, seconds: number): () => void {
  const unanswered = new WeakSet<WebSocket>();
  const watched = new WeakSet<WebSocket>();
  const beat = async (): Promise<void> => {
    let count = 0;
    for (const socket of sockets) {
      if (++count % BATCH === 0) await setImmediate();
      if (socket.readyState !== socket.OPEN) continue;
      if (unanswered.has(socket)) {
        socket.terminate();
        continue;
      }
      if (!watched.has(socket)) {
        watched.add(socket);
        socket.on('pong', answered);
      }
      unanswered.add(socket);
      socket.ping();
    }
  };
  function answered(this: WebSocket): void {
    unanswered.delete(this);
  }
  const timer = setInterval(() => void beat(), seconds * 1_000);
  timer.unref();
  return () => clearInterval(timer);
}
