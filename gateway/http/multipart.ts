import type { ExecutionResult } from 'graphql';
import type { StreamFormat } from './response-stream.js';

const JSON_PART = 'content-type: application/json; charset=utf-8\r\n\r\n';

/**
 * The multipart subscription protocol
 * (https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol): events stand in
 * `payload`; a reason that ends the stream stands beside it, in `errors`. Each part is closed at once, or clients would
 * see it only with the next one.
 */
export const MULTIPART_SUBSCRIPTION: StreamFormat<ExecutionResult> = {
  contentType: 'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"',
  head: `\r\n--graphql\r\n${JSON_PART}{}\r\n--graphql`,
  item: (result) => `\r\n${JSON_PART}${JSON.stringify(envelope(result))}\r\n--graphql`,
  tail: '--\r\n',
  heartbeat: `\r\n${JSON_PART}{}\r\n--graphql`,
};

/** Answers in parts (https://github.com/graphql/graphql-over-http/blob/main/rfcs/IncrementalDelivery.md, of 2022-08-24). */
export const MULTIPART_DEFER: StreamFormat<unknown> = {
  contentType: 'multipart/mixed; boundary="-"; deferSpec=20220824',
  head: '\r\n---',
  item: (part) => `\r\n${JSON_PART}${JSON.stringify(part)}\r\n---`,
  tail: '--\r\n',
  // Clients would take an empty part for a result: waiting is bounded by the deadlines of fetches.
  heartbeat: '',
};

function envelope(result: ExecutionResult): object {
  return result.data === undefined && result.errors ? { payload: null, errors: result.errors } : { payload: result };
}
