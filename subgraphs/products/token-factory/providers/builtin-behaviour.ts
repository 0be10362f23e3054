/** How the built-in model behaves: `echo`, with options such as `echo?tokens=200&delay_ms=5`. */
export interface BuiltinBehaviour {
  /** Exactly so many tokens of reply, unless the request allows fewer; null: just the echo. */
  readonly tokens: number | null;
  /** Pause before each token. */
  readonly delayMilliseconds: number;
  /** Pause before the first byte. */
  readonly firstDelayMilliseconds: number;
  /** Breaks the stream off before this token. */
  readonly breaksAfter: number | null;
  /** Fails so many calls of the endpoint, then works. */
  readonly failingCalls: number;
  readonly fails: boolean;
  readonly hangs: boolean;
}

export function builtinBehaviour(upstreamModel: string): BuiltinBehaviour {
  const options = new URLSearchParams(upstreamModel.split('?', 2)[1] ?? '');
  const number = (name: string): number | null => {
    const value = Number.parseInt(options.get(name) ?? '', 10);
    return Number.isSafeInteger(value) && value >= 0 ? value : null;
  };
  return {
    tokens: number('tokens'),
    delayMilliseconds: number('delay_ms') ?? 0,
    firstDelayMilliseconds: number('first_delay_ms') ?? 0,
    breaksAfter: number('break_after'),
    failingCalls: number('fail_calls') ?? 0,
    fails: options.has('fail'),
    hangs: options.has('hang'),
  };
}
