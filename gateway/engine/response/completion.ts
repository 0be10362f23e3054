import { GraphQLError } from 'graphql';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import type { Variables } from '../engine.js';
import { responseNameOf } from '../plan/data-names.js';
import { Failure, type Fault } from '../failure.js';
import type { JsonObject, Path } from '../json.js';

/** A null that an error already explains: a nullable position shows null, a non-null one passes it on. */
export const EXPLAINED_NULL = Symbol('null, explained by an error');
/** A null in a non-null position: the parent becomes null. */
export const BUBBLE = Symbol('null bubbles up');

/** Stands for what no fetch told: the reason, if there is one, is another field's. */
const UNTOLD = new Failure([], true);

/** A fragment that is to be answered later, of one object of the response. */
export interface PendingFragment {
  readonly label: string;
  readonly path: Path;
  /** What is known of the object, and what later fetches bring to it. */
  readonly source: JsonObject;
  readonly shape: Completer;
}

/** The response in the making: where we are, and the errors so far. */
export class Completion {
  readonly path: (string | number)[] = [];
  readonly errors: GraphQLError[] = [];
  /** Deferred fragments met, also those of objects that became null afterwards. */
  readonly pending: PendingFragment[] = [];
  /** As the client sent them, for introspection. */
  readonly variables: Variables;
  readonly #faults: readonly Fault[];
  /** The failures met in the object that is being shaped, and in those around it. */
  readonly #met: Failure[] = [];
  readonly #errorsMax: number;

  constructor(variables: Variables, faults: readonly Fault[], errorsMax: number, at: Path = []) {
    this.path.push(...at);
    this.variables = variables;
    this.#faults = faults;
    this.#errorsMax = errorsMax;
  }

  /** Reports that a subgraph answered what its type does not allow. */
  reportInvalid(message: string): typeof EXPLAINED_NULL {
    this.report(new PlatformError('INTERNAL', message), [...this.path]);
    return EXPLAINED_NULL;
  }

  /** Reports that an object was not told something: only if nothing failed in the object, else that is why. */
  reportUntold(source: JsonObject, message: string): void {
    const isFailed = Object.values(source).some((value) => value instanceof Failure && value.faults.length > 0);
    if (isFailed) this.#met.push(UNTOLD);
    else this.reportInvalid(message);
  }

  reportFailure(failure: Failure): typeof EXPLAINED_NULL {
    this.#met.push(failure);
    for (const fault of failure.faults) {
      fault.count.reports++;
      this.report(fault, [...this.path, ...fault.pathBelow]);
    }
    return EXPLAINED_NULL;
  }

  /** How many failures were met before an object: to be told when that is shaped. */
  get metCount(): number {
    return this.#met.length;
  }

  /**
   * Ends an object. If it met a failure without a fault, the reason may be another field's, which is reported there: the
   * object does not come to that field by itself if a null bubbles before, or if the type that has the field was not told.
   */
  leave(source: JsonObject, metBefore: number): void {
    if (this.#met.length === metBefore) return;
    const met = this.#met.slice(metBefore);
    if (met.some(({ faults }) => faults.length === 0)) this.#reportFailuresOf(source, met);
    this.#met.length = metBefore;
  }

  #reportFailuresOf(source: JsonObject, met: readonly Failure[]): void {
    for (const [name, value] of Object.entries(source)) {
      if (!(value instanceof Failure) || met.includes(value)) continue;
      this.path.push(name);
      this.reportFailure(value);
      this.path.pop();
    }
  }

  /** Reports the faults that no selected field met: those in keys, in required fields, and below a null. */
  reportUnmet(): void {
    for (const fault of this.#faults) if (fault.count.reports === 0) this.report(fault, fault.pathOtherwise);
  }

  /** The data that a shape has made of the whole; explains a null that nothing else does. */
  settle(shaped: unknown): Record<string, unknown> | null {
    this.reportUnmet();
    if (shaped !== BUBBLE && shaped !== EXPLAINED_NULL) return shaped as Record<string, unknown>;
    // An unknown entity is no error by itself, but no response is null without one (GraphQL specification, 7.1).
    if (this.errors.length === 0) {
      this.report(new PlatformError('NOT_FOUND', 'Something that the operation needs does not exist.'), undefined);
    }
    return null;
  }

  report(error: Pick<Fault, 'message' | 'extensions'> & { cause?: unknown }, path: Path | undefined): void {
    if (this.errors.length >= this.#errorsMax) return;
    const originalError = error.cause instanceof Error ? error.cause : undefined;
    const shown = path?.map((step) => (typeof step === 'string' ? responseNameOf(step) : step));
    this.errors.push(
      new GraphQLError(error.message, { path: shown, originalError, extensions: { ...error.extensions } }),
    );
  }
}

/** Completes a value of one type. Answers the value, null, {@link EXPLAINED_NULL} or {@link BUBBLE}. */
export type Completer = (value: unknown, completion: Completion) => unknown;
