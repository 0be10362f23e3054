import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { IncrementalOutcome } from '../operation-service.js';
import type { DeliveryStream } from '../streams/delivery-stream.js';
import type { StreamFormat } from './response-stream.js';

export const EVENT_STREAM = 'text/event-stream';

/**
 * Server-sent events in the distinct connections mode of
 * https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverSSE.md and
 * https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md.
 */
const EVENT_SOURCE = {
  contentType: `${EVENT_STREAM}; charset=utf-8`,
  head: ':\n\n',
  tail: 'event: complete\ndata:\n\n',
  heartbeat: ':\n\n',
} as const;

/** For answers that have no position: one result, or an answer in parts. */
export const EVENT_SOURCE_RESULTS: StreamFormat<unknown> = { ...EVENT_SOURCE, item: nextEvent };

/**
 * For a stream: each event carries its position as `id`, which is what an event source sends as `Last-Event-ID` when it
 * comes back. A position that is known before any event is sent as an `id` alone: by the WHATWG's rules it counts, and
 * dispatches nothing.
 */
export function eventSourceOf(stream: DeliveryStream, response: ServerResponse): StreamFormat<ExecutionResult> {
  let told: string | undefined;
  const idLine = (cursor: string | undefined): string => {
    if (cursor === undefined || cursor === told || !/^[\x20-\x7e]+$/.test(cursor)) return '';
    told = cursor;
    return `id: ${cursor}\n`;
  };
  const tellPosition = (cursor: string): void => {
    const line = idLine(cursor);
    if (line !== '') response.write(`${line}\n`);
  };
  stream.onPosition = tellPosition;
  const known = idLine(stream.takenCursor);
  return {
    ...EVENT_SOURCE,
    head: known === '' ? EVENT_SOURCE.head : `${EVENT_SOURCE.head}${known}\n`,
    item: (result) => idLine(stream.takenCursor) + nextEvent(result),
  };
}

/** Says, in a comment, that the credential will end: the client comes back with a new one before. */
export function expiryComment(expiresAt: number): string {
  return `:credential-expires ${new Date(expiresAt * 1_000).toISOString()}\n\n`;
}

/** One answer as a stream of one. */
export async function* single<Item>(item: Item): AsyncGenerator<Item, void, void> {
  yield item;
}

/** The first part and then the rest. Ends the rest when it is left, also while it waits. */
export async function* partsOf({ initial, subsequent }: IncrementalOutcome): AsyncGenerator<unknown, void, void> {
  try {
    yield initial;
    yield* subsequent;
  } finally {
    await subsequent.return();
  }
}

function nextEvent(result: unknown): string {
  return `event: next\ndata: ${JSON.stringify(result)}\n\n`;
}
