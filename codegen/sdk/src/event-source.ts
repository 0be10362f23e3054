/** One server-sent event (WHATWG HTML, "server-sent events"), or a comment. */
export type ServerSentItem =
  | {
      readonly kind: 'event';
      readonly event: string;
      /** Null when the block only tells an id. */
      readonly data: string | null;
      readonly id: string | null;
    }
  | { readonly kind: 'comment'; readonly text: string };

/**
 * Parses a byte stream of server-sent events. Unknown fields are passed over. Throws when nothing at all is
 * heard for so long: a connection that a network lost without a word would otherwise be waited on for ever.
 */
export async function* readEventSource(
  body: ReadableStream<Uint8Array>,
  silenceMillisecondsMax: number,
): AsyncGenerator<ServerSentItem, void, undefined> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await heard(reader.read(), silenceMillisecondsMax);
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const blocks = rest.split(/\r\n\r\n|\n\n|\r\r/);
      rest = blocks.pop() ?? '';
      for (const block of blocks) yield* parseBlock(block);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function heard<Value>(reading: Promise<Value>, milliseconds: number): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing was heard for ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([reading, silence]);
  } finally {
    clearTimeout(timer);
  }
}

function* parseBlock(block: string): Generator<ServerSentItem, void, undefined> {
  let event = 'message';
  let id: string | null = null;
  const data: string[] = [];
  let hasField = false;
  for (const line of block.split(/\r\n|\n|\r/)) {
    if (line.startsWith(':')) yield { kind: 'comment', text: line.slice(1) };
    const at = line.indexOf(':');
    const name = at === -1 ? line : line.slice(0, at);
    const value = at === -1 ? '' : line.slice(at + 1).replace(/^ /, '');
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
    else if (name === 'id') id = value;
    else continue;
    hasField = true;
  }
  if (hasField) yield { kind: 'event', event, data: data.length === 0 ? null : data.join('\n'), id };
}
