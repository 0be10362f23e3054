import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { OperationStream } from '../operation-service.js';

export const EVENT_STREAM = 'text/event-stream';

/**
 * Writes a stream as server-sent events: the distinct connections mode of
 * https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md. Waits while the client does not read, so that the
 * stream's own bounded buffer decides when it is too slow. Ends when the stream or the connection does.
 */
export async function writeEventSource(
  response: ServerResponse,
  stream: OperationStream,
  headers: Readonly<Record<string, string>>,
  heartbeatSeconds: number,
): Promise<void> {
  response.writeHead(200, {
    ...headers,
    'content-type': `${EVENT_STREAM}; charset=utf-8`,
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    connection: 'keep-alive',
  });
  response.write(':\n\n');
  const onClose = (): void => void stream.return();
  response.once('close', onClose);
  // A connection that breaks while it is written to: 'close' follows.
  response.on('error', onClose);
  const heartbeat = setInterval(() => {
    if (response.writableLength === 0) response.write(':\n\n');
  }, heartbeatSeconds * 1_000);
  try {
    for await (const result of stream) {
      if (response.closed || response.destroyed) return;
      if (!response.write(`event: next\ndata: ${JSON.stringify(result)}\n\n`)) await drained(response);
    }
    if (response.closed || response.destroyed) return;
    response.end('event: complete\ndata:\n\n');
    await setImmediate();
  } finally {
    clearInterval(heartbeat);
    response.off('close', onClose);
    if (!response.writableEnded) response.destroy();
  }
}

async function drained(response: ServerResponse): Promise<void> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  } finally {
    settled.abort();
  }
}
