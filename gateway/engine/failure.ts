import type { JsonObject, Path } from './json.js';

/** One error that a subgraph reported, or a fetch that failed as a whole. */
export interface Fault {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly cause: unknown;
  /** What of the error's path lies below the place where the {@link Failure} stands. */
  readonly pathBelow: Path;
  /** Where the error is reported when no selected field meets it. */
  readonly pathOtherwise: Path | undefined;
  /** Shared by all copies of one fault: how often the response has reported it. */
  readonly count: { reports: number };
}

/**
 * Stands in the merged data where a value is missing because of an error. Shaping the response meets it, reports the
 * faults at the exact path of the response, and answers null: so list indices, aliases and entities that were asked
 * for once and appear twice come out right without any mapping of paths.
 */
export class Failure {
  readonly faults: Fault[];
  /** True if the fetch failed as a whole, so that nothing is known about the value; false if it is null with a reason. */
  readonly isUnknown: boolean;

  constructor(faults: Fault[], isUnknown: boolean) {
    this.faults = faults;
    this.isUnknown = isUnknown;
  }

  /** In a representation sent to another subgraph, a value missing with a reason is null. */
  toJSON(): null {
    return null;
  }
}

/** An object of a response: not null, not a list, not a {@link Failure}. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Failure);
}
