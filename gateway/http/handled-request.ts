import type { IncomingMessage, ServerResponse } from 'node:http';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { ClientPresence } from '../client-presence.js';
import type { GatewayOptions } from '../gateway-options.js';
import { requestInfo, type RequestInfo } from '../request-info.js';
import type { GraphqlRequest } from './graphql-over-http.js';

/** A request, its response, and what its server knows beside. */
export interface ReceivedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client's address. */
  readonly ip: string;
  /** As text; null if it has none. */
  readonly body: string | null;
}

/** A request as the protocol's handler reads it, with what running its operation needs. */
export function handledRequest<Context extends object>(
  { request, response, ip, body }: ReceivedRequest,
  options: GatewayOptions<Context>,
): GraphqlRequest<Context> {
  const presence = new ClientPresence();
  response.once('close', () => {
    if (!response.writableFinished) presence.leave(new PlatformError('TIMEOUT', 'The client went away.'));
  });
  const { headers, method = '', url = '' } = request;
  const info: RequestInfo = requestInfo(headers, ip, presence.signal);
  return {
    method,
    url,
    headers,
    body,
    raw: request,
    context: {
      correlationId: info.correlationId,
      presence,
      authenticate: () => options.authenticate({ headers }, info),
    },
  };
}
