import { locatedError, responsePathAsArray, type GraphQLError, type ResponsePath } from 'graphql';
import type { FieldSite } from './field-site.js';

export type Path = ResponsePath;

/** One execution of a compiled operation: what its closures need beside what was known when they were compiled. */
export class ExecutionRun {
  readonly rootValue: unknown;
  readonly context: unknown;
  /** Coerced. */
  readonly variables: Record<string, unknown>;
  readonly errors: GraphQLError[] = [];
  /** Places that are null because of an error; `undefined` is the root. */
  readonly #nulled = new Set<Path | undefined>();

  constructor(rootValue: unknown, context: unknown, variables: Record<string, unknown>) {
    this.rootValue = rootValue;
    this.context = context;
    this.variables = variables;
  }

  /**
   * Handles an error of a field or list item (GraphQL specification, 6.4.4): where null is allowed, the error is noted and
   * the value is null; else it is thrown, located, for the parent to handle.
   */
  fail(error: unknown, site: FieldSite, path: Path, isNonNull: boolean): null {
    const located = locatedError(error, site.nodes, responsePathAsArray(path));
    if (isNonNull) throw located;
    this.report(located, path);
    return null;
  }

  /** Below a place that is null already, nothing is reported any more. */
  report(error: GraphQLError, path: Path | undefined): void {
    if (this.#nulled.size > 0) {
      if (this.#nulled.has(undefined)) return;
      for (let place = path; place !== undefined; place = place.prev) if (this.#nulled.has(place)) return;
    }
    this.#nulled.add(path);
    this.errors.push(error);
  }
}
