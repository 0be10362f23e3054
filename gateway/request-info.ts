import type { IncomingHttpHeaders } from 'node:http';
import { uuidV7 } from '../kernel/identifiers/uuid-v7.js';
import { traceContext, type TraceContext } from './trace-context.js';

/** What is known of a request before anyone is authenticated. */
export interface RequestInfo {
  /** Accepted from the client if well formed, else a new UUIDv7. In the response's header and in every error. */
  readonly correlationId: string;
  /** W3C Trace Context to hand on to subgraphs. */
  readonly trace: TraceContext;
  readonly ip: string;
  readonly userAgent: string;
  /** Aborted when the client goes before its answer; over HTTP only. */
  readonly signal?: AbortSignal | undefined;
}

const CORRELATION_ID = /^[A-Za-z0-9._:-]{8,128}$/;
const USER_AGENT_LENGTH_MAX = 256;

export function requestInfo(headers: IncomingHttpHeaders, ip: string, signal?: AbortSignal): RequestInfo {
  return new ReadRequestInfo(headers, ip, signal);
}

class ReadRequestInfo implements RequestInfo {
  readonly correlationId: string;
  readonly ip: string;
  readonly signal: AbortSignal | undefined;
  readonly #headers: IncomingHttpHeaders;
  #trace: TraceContext | undefined;

  constructor(headers: IncomingHttpHeaders, ip: string, signal: AbortSignal | undefined) {
    const correlationId = headers['x-correlation-id'];
    this.correlationId =
      typeof correlationId === 'string' && CORRELATION_ID.test(correlationId) ? correlationId : uuidV7();
    this.ip = ip;
    this.signal = signal;
    this.#headers = headers;
  }

  /** Made when it is asked for: within one process there may be nobody to hand it to. */
  get trace(): TraceContext {
    return (this.#trace ??= traceContext(this.#headers));
  }

  get userAgent(): string {
    return (this.#headers['user-agent'] ?? '').slice(0, USER_AGENT_LENGTH_MAX);
  }
}
