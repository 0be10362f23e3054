/** Every deadline and pause of the domain, in the unit that its name says. Tests and demonstrations shorten them. */
export interface AllocationTiming {
  readonly provisionSeconds: number;
  /** One attempt to clean up. */
  readonly cleanupSeconds: number;
  readonly cleanupAttemptsMax: number;
  readonly placementRetrySeconds: number;
  readonly enrollSeconds: number;
  readonly bootstrapTokenSeconds: number;
  readonly heartbeatSeconds: number;
  readonly staleSeconds: number;
  readonly lostSeconds: number;
  /** A dispatched task that was not answered is offered again after this; the agent knows those it has. */
  readonly redeliverSeconds: number;
  readonly usageWindowSeconds: number;
  readonly reconcileMilliseconds: number;
}

export function allocationTiming(
  usageWindowSeconds: number,
  overrides: Partial<AllocationTiming> = {},
): AllocationTiming {
  return {
    provisionSeconds: 900,
    cleanupSeconds: 300,
    cleanupAttemptsMax: 3,
    placementRetrySeconds: 5,
    enrollSeconds: 300,
    bootstrapTokenSeconds: 900,
    heartbeatSeconds: 5,
    staleSeconds: 12,
    lostSeconds: 25,
    redeliverSeconds: 20,
    usageWindowSeconds,
    reconcileMilliseconds: 1000,
    ...overrides,
  };
}
