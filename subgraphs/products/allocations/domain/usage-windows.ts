/** A half-open stretch of time, `[start, end)`, with whole seconds between. */
export interface UsageWindow {
  readonly start: Date;
  readonly end: Date;
  readonly seconds: number;
}

/** Full windows of `windowSeconds` that have passed since `through`, oldest first, at most `limit`. */
export function dueWindows(through: Date, now: Date, windowSeconds: number, limit: number): UsageWindow[] {
  const windows: UsageWindow[] = [];
  let start = through.getTime();
  const width = windowSeconds * 1000;
  while (windows.length < limit && start + width <= now.getTime()) {
    windows.push({ start: new Date(start), end: new Date(start + width), seconds: windowSeconds });
    start += width;
  }
  return windows;
}

/**
 * Everything from `through` up to the accepted release: full windows and the last partial one, which is cut down to
 * whole seconds in the customer's favour. Never beyond `acceptedAt`.
 */
export function closingWindows(through: Date, acceptedAt: Date, windowSeconds: number): UsageWindow[] {
  const windows = dueWindows(through, acceptedAt, windowSeconds, Number.MAX_SAFE_INTEGER);
  const start = windows.at(-1)?.end ?? through;
  const seconds = Math.floor((acceptedAt.getTime() - start.getTime()) / 1000);
  if (seconds > 0) windows.push({ start, end: new Date(start.getTime() + seconds * 1000), seconds });
  return windows;
}
