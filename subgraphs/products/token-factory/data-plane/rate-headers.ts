import type { RateState, RateStates } from './rate-limiter.js';

/** `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, for the limits that there are. */
export function rateHeaders(states: RateStates): Record<string, string> {
  return { ...headersOf('requests', states.requests), ...headersOf('tokens', states.tokens) };
}

function headersOf(kind: 'requests' | 'tokens', state: RateState | null): Record<string, string> {
  if (state === null) return {};
  return {
    [`x-ratelimit-limit-${kind}`]: String(state.limit),
    [`x-ratelimit-remaining-${kind}`]: String(state.remaining),
    [`x-ratelimit-reset-${kind}`]: duration(state.resetMilliseconds),
  };
}

/** As the API that we are compatible with writes it: `12ms`, `6s`, `1m0s`. */
function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.ceil(milliseconds)}ms`;
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
