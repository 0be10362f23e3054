/** The value below which the share (0 to 1) of the values lies; of nothing it is NaN. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** To three significant digits: more would pretend. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** The median and the tail of times, as details of a line. */
export function percentiles(milliseconds: readonly number[]): { p50_ms: number; p99_ms: number; samples: number } {
  return {
    p50_ms: rounded(percentile(milliseconds, 0.5)),
    p99_ms: rounded(percentile(milliseconds, 0.99)),
    samples: milliseconds.length,
  };
}
