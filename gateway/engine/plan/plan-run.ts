import type { Fault } from '../failure.js';
import type { JsonObject } from '../json.js';
import type { Variables } from '../engine.js';

/** The state of one execution of a plan. */
export interface PlanRun {
  /** What the fetches have answered so far, merged. */
  readonly data: JsonObject;
  /** Every fault met, so that those which no selected field meets are still reported. */
  readonly faults: Fault[];
  /** Whether there is a failure anywhere in the data: the response is then shaped the exact way. */
  isDamaged: boolean;
  /** Whether a fetch brought nothing for an object that it was to bring something for. */
  hasGaps: boolean;
  /** As the client sent them: subgraphs coerce them again. */
  readonly variables: Variables;
  /** Coerced, with defaults: what `@skip` and `@include` are decided on. */
  readonly coercedVariables: Variables;
  readonly context: unknown;
  readonly signal: AbortSignal | undefined;
}

/**
 * A compiled node of a plan. Never throws and never rejects: what goes wrong becomes a fault in the data. Answers a
 * promise only if it has to wait.
 */
export type PlanStep = (run: PlanRun) => Promise<void> | void;
