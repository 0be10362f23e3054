import type { IncomingHttpHeaders } from 'node:http';
import { identifierBytes } from '../kernel/identifiers/random-bytes.js';

/** W3C Trace Context (https://www.w3.org/TR/trace-context/) as it is handed on to subgraphs. */
export interface TraceContext {
  /** The caller's trace with a span of our own; a new trace, not sampled, if the caller has none. */
  readonly traceparent: string;
  /** What the systems before us added to it, untouched. */
  readonly tracestate?: string;
}

/** Version, trace, parent span, flags; versions after 00 may say more. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/;
const TRACESTATE_MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\u0020-\u002b\u002d-\u003c\u003e-\u007e]{1,256}$/;
const TRACESTATE_LENGTH_MAX = 512;
const TRACESTATE_MEMBERS_MAX = 32;

export function traceContext(headers: IncomingHttpHeaders): TraceContext {
  const span = identifierBytes(8).toString('hex');
  const received = typeof headers['traceparent'] === 'string' ? TRACEPARENT.exec(headers['traceparent']) : null;
  const [, version, trace, flags, rest] = received ?? [];
  if (trace === undefined || flags === undefined || (version === '00' && rest !== undefined)) {
    return { traceparent: `00-${identifierBytes(16).toString('hex')}-${span}-00` };
  }
  const tracestate = headers['tracestate'];
  // Of the flags only the lowest, "sampled", is known to version 00.
  const sampled = (Number.parseInt(flags, 16) & 1).toString().padStart(2, '0');
  const traceparent = `00-${trace}-${span}-${sampled}`;
  return typeof tracestate === 'string' && isTracestate(tracestate) ? { traceparent, tracestate } : { traceparent };
}

function isTracestate(text: string): boolean {
  if (text.length > TRACESTATE_LENGTH_MAX) return false;
  const members = text.split(',').map((member) => member.trim());
  const written = members.filter((member) => member !== '');
  const keys = new Set(written.map((member) => member.split('=', 1)[0]));
  return (
    written.length > 0 &&
    written.length <= TRACESTATE_MEMBERS_MAX &&
    keys.size === written.length &&
    written.every((member) => TRACESTATE_MEMBER.test(member))
  );
}
