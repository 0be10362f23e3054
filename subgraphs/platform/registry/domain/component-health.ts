export type ReportedHealth = 'ready' | 'degraded' | 'unavailable';
export type ComponentHealth = ReportedHealth | 'unknown';

/**
 * The health that an observation still proves at a moment: `unknown` when there is none, or when it is older than the
 * component's freshness (spec section 8). No news is no good news.
 */
export function healthAt(
  observation: { health: ReportedHealth | null; observedAt: Date | null; freshnessSeconds: number },
  now: Date,
): ComponentHealth {
  const { health, observedAt, freshnessSeconds } = observation;
  if (health === null || observedAt === null) return 'unknown';
  return now.getTime() - observedAt.getTime() > freshnessSeconds * 1000 ? 'unknown' : health;
}
