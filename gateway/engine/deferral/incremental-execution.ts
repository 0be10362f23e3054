import { GraphQLError, type ExecutionResult } from 'graphql';
import type { DeferredPatch, IncrementalResult } from '../engine.js';
import { isObject, type Fault } from '../failure.js';
import { readProperty, type Path } from '../json.js';
import type { PlanRun } from '../plan/plan-run.js';
import { Completion, type Completer, type PendingFragment } from '../response/completion.js';
import { PatchStream } from './patch-stream.js';
import type { Stage, StageChoice } from './stage.js';

export interface IncrementalExecutionOptions {
  readonly run: PlanRun;
  readonly stage: StageChoice;
  readonly shape: Completer;
  /** The client's labels by ours. */
  readonly labels: ReadonlyMap<string, string | undefined>;
  readonly errorsMax: number;
}

/**
 * One execution that answers in parts. A deferred part is fetched when the part around it is there, and answered when
 * its own fetches are done: for every object that it belongs to, in which no null has bubbled past it.
 */
export class IncrementalExecution {
  readonly #options: IncrementalExecutionOptions;
  readonly #run: PlanRun;
  readonly #abort = new AbortController();
  readonly #patches = new PatchStream(() => this.#abort.abort());

  constructor(options: IncrementalExecutionOptions) {
    this.#options = options;
    const { run } = options;
    const signals = run.signal ? [run.signal, this.#abort.signal] : [this.#abort.signal];
    this.#run = { ...run, signal: AbortSignal.any(signals) };
  }

  /** Answers at once what is not deferred; everything, if nothing is left to come. */
  async start(): Promise<ExecutionResult | IncrementalResult> {
    const run = this.#run;
    const stage = this.#options.stage(run);
    await stage.step?.(run);
    run.signal?.throwIfAborted();
    const completion = new Completion(run.variables, run.faults, this.#options.errorsMax);
    const data = completion.settle(this.#options.shape(run.data, completion));
    const result = completion.errors.length === 0 ? { data } : { errors: completion.errors, data };
    const pending = completion.pending.filter(({ path }) => isReached(data, path));
    if (pending.length === 0) return result;
    this.#follow(stage, pending);
    return { initial: { ...result, hasNext: true }, subsequent: this.#patches };
  }

  /** Begins the parts that follow one that was answered. */
  #follow(stage: Stage, pending: readonly PendingFragment[]): void {
    for (const [label, fragments] of Map.groupBy(pending, (fragment) => fragment.label)) {
      this.#patches.expect();
      void this.#bring(label, stage.deferred.get(label), fragments);
    }
  }

  async #bring(label: string, choice: StageChoice | undefined, fragments: readonly PendingFragment[]): Promise<void> {
    const run: PlanRun = { ...this.#run, faults: [] };
    // What the planner has no fetches for is there already.
    const stage = choice?.(run);
    await stage?.step?.(run);
    if (this.#patches.isClosed) return;
    const faults = faultsByFragment(run.faults, fragments);
    const completions = fragments.map(
      ({ path }, index) => new Completion(run.variables, faults.get(index) ?? [], this.#options.errorsMax, path),
    );
    const shaped = fragments.map(({ shape, source }, index) => shape(source, completions[index] as Completion));
    const pending: PendingFragment[] = [];
    const patches = fragments.map(({ path }, index): DeferredPatch => {
      const completion = completions[index] as Completion;
      if (run.signal?.aborted) completion.report(abortError(run.signal), path);
      const data = completion.settle(shaped[index]);
      for (const each of completion.pending) if (isReached(data, each.path.slice(path.length))) pending.push(each);
      return patchOf(data, path, this.#options.labels.get(label), completion.errors);
    });
    if (!run.signal?.aborted) this.#follow(stage ?? NO_STAGE, pending);
    this.#patches.deliver(patches);
  }
}

const NO_STAGE: Stage = { step: undefined, deferred: new Map() };

/** A fault that no field meets is told once: in the part of the object where it is, or in the first. */
function faultsByFragment(faults: readonly Fault[], fragments: readonly PendingFragment[]): Map<number, Fault[]> {
  return Map.groupBy(faults, ({ pathOtherwise = [] }) => {
    const index = fragments.findIndex(({ path }) => path.every((step, depth) => pathOtherwise[depth] === step));
    return Math.max(index, 0);
  });
}

function patchOf(
  data: DeferredPatch['data'],
  path: Path,
  label: string | undefined,
  errors: readonly GraphQLError[],
): DeferredPatch {
  return { data, path, ...(label === undefined ? {} : { label }), ...(errors.length === 0 ? {} : { errors }) };
}

/** Whether the object at this path is still there: no null has taken its place, or that of something around it. */
function isReached(data: unknown, path: Path): boolean {
  let value = data;
  for (const key of path) {
    if (Array.isArray(value)) value = typeof key === 'number' ? value[key] : undefined;
    else value = isObject(value) ? readProperty(value, String(key)) : undefined;
  }
  return isObject(value);
}

function abortError({ reason }: AbortSignal): { message: string; extensions: Record<string, unknown>; cause: unknown } {
  const message = reason instanceof Error ? reason.message : 'The operation was ended.';
  const extensions = reason instanceof GraphQLError ? { ...reason.extensions } : {};
  return { message, extensions, cause: reason };
}
