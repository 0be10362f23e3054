/** How long things may take, in seconds, and how often they are tried. Tests shorten them. */
export interface AppsTimings {
  /** A lease that is not renewed for so long is lost. */
  readonly leaseSeconds: number;
  /** How often a holder should renew: a third of the lease. */
  readonly heartbeatSeconds: number;
  /** The first retry waits so long; each further one twice as long, at most {@link retrySecondsMax}. */
  readonly retrySeconds: number;
  readonly retrySecondsMax: number;
  /** A queue that nobody asked for so long has no worker. Together with the observer's pause it stays under 60 s. */
  readonly controllerSilentSeconds: number;
  readonly requestedSeconds: number;
  readonly deployingSeconds: number;
  readonly upgradingSeconds: number;
  /** Past it the platform reclaims what nobody confirmed to be gone. */
  readonly decommissioningSeconds: number;
}

export const DEFAULT_TIMINGS: AppsTimings = {
  leaseSeconds: 30,
  heartbeatSeconds: 10,
  retrySeconds: 2,
  retrySecondsMax: 60,
  controllerSilentSeconds: 45,
  requestedSeconds: 3600,
  deployingSeconds: 1800,
  upgradingSeconds: 1800,
  decommissioningSeconds: 600,
};

/** Seconds before attempt `attempt + 1`, after `attempt` attempts. */
export function retryDelaySeconds(timings: AppsTimings, attempt: number): number {
  return Math.min(timings.retrySecondsMax, timings.retrySeconds * 2 ** Math.max(0, attempt - 1));
}

export function secondsAfter(from: Date, seconds: number): Date {
  return new Date(from.getTime() + seconds * 1000);
}
