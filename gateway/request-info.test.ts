import { describe, expect, it } from 'vitest';
import { requestInfo } from './request-info.js';

describe('what is known of a request', () => {
  it('bounds the user agent and the correlation id', () => {
    const info = requestInfo({ 'user-agent': 'x'.repeat(1_000), 'x-correlation-id': 'y'.repeat(200) }, '::1');
    expect(info.userAgent.length).toBe(256);
    expect(info.correlationId.length).toBe(36);
  });
});
