import type { Representations, SubgraphResult } from '../../transports/subgraph-transport.js';
import type { FetchCompilation } from './fetch-compilation.js';
import { fieldOf, type FetchPart, type PartAnswer, type PartError } from './fetch-part.js';
import { answered, fetchStep, variablePicker } from './fetch-step.js';
import { mergeOperations, type MergedOperation } from './merged-operation.js';
import type { PlanRun, PlanStep } from './plan-run.js';
import type { Batch } from './representations.js';

/** A fetch that takes part in a merged request. */
interface Participant {
  readonly part: FetchPart;
  /** The request of this fetch alone. */
  readonly alone: PlanStep;
  readonly alias: string;
  readonly variable: string;
}

/**
 * Compiles one request for several fetches of entities of one subgraph. Where only one of them has anything to ask for,
 * that one is sent alone. Undefined if they cannot be merged.
 */
export function mergedFetchStep(parts: readonly FetchPart[], compilation: FetchCompilation): PlanStep | undefined {
  const [first] = parts;
  const merged = first && mergeOperations(parts.map(({ operation }) => operation));
  if (!merged) return undefined;
  const participants = participantsOf(parts, merged, compilation);
  const fetch = compilation.transportOf(first.service).compile(merged.operation);
  const pick = variablePicker([...new Set(parts.flatMap(({ variableUsages }) => variableUsages))]);
  return (run) => {
    if (run.signal?.aborted) return undefined;
    const representations: Record<string, Representations> = {};
    const batches: (Batch | undefined)[] = [];
    let active: Participant | undefined;
    let activeCount = 0;
    for (const participant of participants) {
      const batch = participant.part.select(run);
      batches.push(batch);
      representations[participant.variable] = batch?.representations ?? [];
      if (!batch) continue;
      active = participant;
      activeCount++;
    }
    if (activeCount <= 1) return active?.alone(run);
    const call = { variables: pick(run.variables), representations, context: run.context, signal: run.signal };
    return answered(fetch, call, (result) => distribute(run, participants, batches, result));
  };
}

function participantsOf(
  parts: readonly FetchPart[],
  { names }: MergedOperation,
  compilation: FetchCompilation,
): readonly Participant[] {
  return parts.map((part, index) => ({
    part,
    alone: fetchStep(part, compilation),
    alias: names[index]?.alias ?? '',
    variable: names[index]?.variable ?? '',
  }));
}

/** Gives each fetch its share of the answer. */
function distribute(
  run: PlanRun,
  participants: readonly Participant[],
  batches: readonly (Batch | undefined)[],
  result: SubgraphResult,
): Promise<void> | void {
  const errors = sortErrors(participants, result);
  const dataOf = ({ alias }: Participant): unknown => fieldOf(result.data, alias);
  const active = participants.filter((_, index) => batches[index]);
  const untold = active.filter((one) => !Array.isArray(dataOf(one)) && !errors.byParticipant.has(one));
  // `_entities` is not nullable: one that fails as a whole takes the others with it, which are asked for again.
  const again = errors.byParticipant.size > 0 ? untold : [];
  const concerned = untold.length > 0 ? untold : active.slice(0, 1);
  for (const [index, participant] of participants.entries()) {
    const batch = batches[index];
    if (!batch || again.includes(participant)) continue;
    const own = errors.byParticipant.get(participant) ?? [];
    const answer: PartAnswer = {
      data: dataOf(participant),
      errors: concerned.includes(participant) ? [...own, ...errors.ofAll] : own,
      isShared: result.isShared ?? false,
    };
    participant.part.absorb(run, batch, answer);
  }
  return again.length > 0 ? Promise.all(again.map(async ({ alone }) => alone(run))).then(() => undefined) : undefined;
}

interface SortedErrors {
  readonly byParticipant: ReadonlyMap<Participant, readonly PartError[]>;
  /** Those that name none of the fetches. */
  readonly ofAll: readonly PartError[];
}

function sortErrors(participants: readonly Participant[], { errors = [] }: SubgraphResult): SortedErrors {
  const byParticipant = new Map<Participant, PartError[]>();
  const ofAll: PartError[] = [];
  for (const error of errors) {
    const participant = participants.find(({ alias }) => error.path?.[0] === alias);
    if (!participant) {
      ofAll.push({ error, path: undefined });
      continue;
    }
    const known = byParticipant.get(participant) ?? [];
    known.push({ error, path: error.path?.slice(1) });
    byParticipant.set(participant, known);
  }
  return { byParticipant, ofAll };
}
