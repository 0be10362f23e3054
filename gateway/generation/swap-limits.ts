export interface SwapLimits {
  /** The most used operations of the supergraph in force that the next one is prepared for. */
  readonly warmedMax: number;
  /** How long a new supergraph may take to be prepared; what is left then is planned when it is asked for. */
  readonly warmSecondsMax: number;
  /** How long after a swap the new supergraph's planner is built for the event loop, too. */
  readonly inlineAfterSeconds: number;
  /** How long transports that are not needed any more stay open for requests between admission and execution. */
  readonly farewellSeconds: number;
}

export const SWAP_LIMITS: SwapLimits = {
  warmedMax: 200,
  warmSecondsMax: 20,
  inlineAfterSeconds: 5,
  farewellSeconds: 10,
};
