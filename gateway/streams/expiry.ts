/** Longest delay that a timer of Node takes. */
const TIMER_MILLISECONDS_MAX = 2_147_483_647;

/**
 * Calls back some time before a credential ends (half of its remaining life, if that is shorter), so that its holder can
 * renew it. `expiresAt` is in seconds since 1970. Gives what forgets it.
 */
export function announceAt(
  expiresAt: number | undefined,
  renewalSeconds: number,
  announce: (expiresAt: number) => void,
): () => void {
  if (expiresAt === undefined) return () => undefined;
  const remaining = expiresAt * 1_000 - Date.now();
  const delay = remaining - Math.min(renewalSeconds * 1_000, remaining / 2);
  if (remaining <= 0 || delay > TIMER_MILLISECONDS_MAX) return () => undefined;
  const timer = setTimeout(() => announce(expiresAt), delay);
  timer.unref();
  return () => clearTimeout(timer);
}
