import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';

/** How items are written into a response that stays open. */
export interface StreamFormat<Item> {
  readonly contentType: string;
  /** Written at once, so that the client knows that it was accepted. */
  readonly head: string;
  readonly item: (item: Item) => string;
  readonly tail: string;
  readonly heartbeat: string;
}

export interface ResponseStream<Item> {
  readonly items: AsyncGenerator<Item, void, void>;
  readonly format: StreamFormat<Item>;
  readonly headers: Readonly<Record<string, string>>;
  readonly heartbeatSeconds: number;
}

/**
 * Writes items as they come. Waits while the client does not read, so that the stream's own bounded buffer decides when
 * it is too slow. Ends when the items or the connection do.
 */
export async function writeResponseStream<Item>(
  response: ServerResponse,
  { items, format, headers, heartbeatSeconds }: ResponseStream<Item>,
): Promise<void> {
  response.writeHead(200, {
    ...headers,
    'content-type': format.contentType,
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    connection: 'keep-alive',
  });
  if (format.head !== '') response.write(format.head);
  const onClose = (): void => void items.return();
  response.once('close', onClose);
  // A connection that breaks while it is written to: 'close' follows.
  response.on('error', onClose);
  const heartbeat = setInterval(() => {
    if (response.writableLength === 0 && format.heartbeat !== '') response.write(format.heartbeat);
  }, heartbeatSeconds * 1_000);
  try {
    for await (const item of items) {
      if (isGone(response)) return;
      if (!response.write(format.item(item))) await drained(response);
    }
    if (isGone(response)) return;
    response.end(format.tail);
    await setImmediate();
  } finally {
    clearInterval(heartbeat);
    response.off('close', onClose);
    if (!response.writableEnded) response.destroy();
  }
}

function isGone(response: ServerResponse): boolean {
  return response.closed || response.destroyed;
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
