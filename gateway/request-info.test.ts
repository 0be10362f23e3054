import { describe, expect, it } from 'vitest';
import { requestInfo } from './request-info.js';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('what is known of a request', () => {
  it('passes a well-formed traceparent on', () => {
    expect(requestInfo({ traceparent: TRACEPARENT }, '::1').traceparent).toBe(TRACEPARENT);
  });

  it.each([
    '',
    'x',
    `${TRACEPARENT}0`,
    TRACEPARENT.replace('00-4', '01-4'),
    TRACEPARENT.replace('00f067aa0ba902b7', '0000000000000000'),
  ])('drops the malformed traceparent %j', (traceparent) => {
    expect(requestInfo({ traceparent }, '::1')).not.toHaveProperty('traceparent');
  });

  it('bounds the user agent and the correlation id', () => {
    const info = requestInfo({ 'user-agent': 'x'.repeat(1_000), 'x-correlation-id': 'y'.repeat(200) }, '::1');
    expect(info.userAgent.length).toBe(256);
    expect(info.correlationId.length).toBe(36);
  });
});
