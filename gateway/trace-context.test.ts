import { describe, expect, it } from 'vitest';
import { traceContext } from './trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;
const OURS = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])$/;

describe('the trace of a request', () => {
  it("goes on with a span of the gateway's own", () => {
    const [, trace, span, flags] = OURS.exec(traceContext({ traceparent: TRACEPARENT }).traceparent) ?? [];
    expect({ trace, flags }).toEqual({ trace: TRACE, flags: '01' });
    expect(span).not.toBe(SPAN);
  });

  it('goes on when the caller speaks a later version', () => {
    expect(traceContext({ traceparent: `01-${TRACE}-${SPAN}-03-more` }).traceparent).toMatch(
      new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`),
    );
  });

  it.each([
    undefined,
    '',
    'x',
    `${TRACEPARENT}0`,
    `${TRACEPARENT}-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    TRACEPARENT.toUpperCase(),
    `${TRACEPARENT}, ${TRACEPARENT}`,
  ])('begins anew, not sampled, with %j', (traceparent) => {
    const { traceparent: ours, ...rest } = traceContext({
      tracestate: 'a=1',
      ...(traceparent === undefined ? {} : { traceparent }),
    });
    const [, trace, , flags] = OURS.exec(ours) ?? [];
    expect(trace).toBeDefined();
    expect(trace).not.toBe(TRACE);
    expect(flags).toBe('00');
    expect(rest).toEqual({});
  });

  it('hands tracestate on, and drops one that is malformed or too long', () => {
    const stateOf = (tracestate: string): string | undefined =>
      traceContext({ traceparent: TRACEPARENT, tracestate }).tracestate;
    expect(stateOf('congo=t61rcWkgMzE,rojo=00f067aa0ba902b7')).toBe('congo=t61rcWkgMzE,rojo=00f067aa0ba902b7');
    expect(stateOf('tenant@system=1, other=2')).toBe('tenant@system=1, other=2');
    for (const wrong of ['', ',', 'Congo=1', 'a', 'a=', 'a=1,a=2', 'a=\u00e9', 'a=1=2', `a=${'x'.repeat(600)}`])
      expect(stateOf(wrong)).toBeUndefined();
  });
});
