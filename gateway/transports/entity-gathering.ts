import { Kind } from 'graphql';
import { isPlatformError } from '../../kernel/errors/platform-error.js';
import { AnswerFault } from './answer-fault.js';
import type { SubgraphCall, SubgraphError, SubgraphOperation, SubgraphResult } from './subgraph-transport.js';

/** Entities that fetches are gathered up to; a fetch of more goes alone. */
const ENTITIES_MAX = 500;
const ENTITIES = '_entities';

type Ask = (call: SubgraphCall) => Promise<SubgraphResult>;

/**
 * Sends fetches of entities by one operation, which a caller's requests make in the same turn of the event loop, as one,
 * and asks for each entity once. Nothing waits longer than the turn takes: what the gateway is too busy to send at once
 * is what it sends together. Where the answer cannot be told apart, each fetch is sent alone again.
 */
export class EntityGathering {
  readonly #variable: string;
  readonly #ask: Ask;
  readonly #open = new Map<string, GatheredFetch>();

  private constructor(variable: string, ask: Ask) {
    this.#variable = variable;
    this.#ask = ask;
  }

  /** Undefined if the operation fetches anything else. `ask` sends one fetch. */
  static of(operation: SubgraphOperation, ask: Ask): EntityGathering | undefined {
    const variable = representationsVariable(operation);
    return variable === undefined ? undefined : new EntityGathering(variable, ask);
  }

  /** `caller` is who asks, with everything that an answer may depend on. */
  async fetch(caller: string, call: SubgraphCall): Promise<SubgraphResult> {
    const representations = (call.representations?.[this.#variable] ?? []) as readonly string[];
    const key = `${caller} ${JSON.stringify(call.variables)}`;
    let gathered = this.#open.get(key);
    if (!gathered?.hasRoomFor(representations.length)) {
      gathered = new GatheredFetch(this.#variable, this.#ask);
      this.#open.set(key, gathered);
      setImmediate(this.#send, key, gathered);
    }
    return gathered.join(call, representations);
  }

  readonly #send = (key: string, gathered: GatheredFetch): void => {
    if (this.#open.get(key) === gathered) this.#open.delete(key);
    gathered.send();
  };
}

/** The variable that says which entities, if the operation fetches `_entities` and nothing else. */
function representationsVariable({ document, kind }: SubgraphOperation): string | undefined {
  if (kind !== 'query') return undefined;
  const definition = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
  const [field, ...others] = definition?.selectionSet.selections ?? [];
  if (field?.kind !== Kind.FIELD || field.name.value !== ENTITIES || field.alias || others.length > 0) return undefined;
  const value = field.arguments?.find(({ name }) => name.value === 'representations')?.value;
  return value?.kind === Kind.VARIABLE ? value.name.value : undefined;
}

interface Participant {
  readonly call: SubgraphCall;
  readonly representations: readonly string[];
  readonly resolve: (result: SubgraphResult | Promise<SubgraphResult>) => void;
  readonly reject: (reason: unknown) => void;
}

class GatheredFetch {
  readonly #variable: string;
  readonly #ask: Ask;
  readonly #participants: Participant[] = [];
  #entityCount = 0;

  constructor(variable: string, ask: Ask) {
    this.#variable = variable;
    this.#ask = ask;
  }

  hasRoomFor(count: number): boolean {
    return this.#entityCount + count <= ENTITIES_MAX;
  }

  async join(call: SubgraphCall, representations: readonly string[]): Promise<SubgraphResult> {
    this.#entityCount += representations.length;
    return new Promise((resolve, reject) => {
      this.#participants.push({ call, representations, resolve, reject });
    });
  }

  send(): void {
    const [first, ...others] = this.#participants;
    if (first && others.length === 0) first.resolve(this.#ask(first.call));
    else if (first) void this.#sendTogether(first.call);
  }

  async #sendTogether({ context, variables }: SubgraphCall): Promise<void> {
    const indexes = indexesOf(this.#participants);
    const farewell = new Farewell(this.#participants);
    const representations = { [this.#variable]: [...indexes.keys()] };
    try {
      const result = await this.#ask({ variables, representations, context, signal: farewell.signal });
      const answers = answersOf(result, indexes.size);
      for (const participant of this.#participants) {
        if (answers) participant.resolve(answerOf(participant, indexes, answers));
        else this.#sendAgain(participant);
      }
    } catch (error) {
      for (const participant of this.#participants) {
        if (concernsAll(error)) participant.reject(error);
        else this.#sendAgain(participant);
      }
    } finally {
      farewell.end();
    }
  }

  #sendAgain({ call, resolve }: Participant): void {
    resolve(this.#ask(call));
  }
}

/** Each representation once, and the place of its answer. */
function indexesOf(participants: readonly Participant[]): ReadonlyMap<string, number> {
  const indexes = new Map<string, number>();
  for (const { representations } of participants) {
    for (const representation of representations) {
      if (!indexes.has(representation)) indexes.set(representation, indexes.size);
    }
  }
  return indexes;
}

/** Lets a participant go whose client goes; the signal aborts when they all have. */
class Farewell {
  readonly #all = new AbortController();
  readonly #listening: readonly (() => void)[];
  #stay: number;

  constructor(participants: readonly Participant[]) {
    this.#stay = participants.length;
    this.#listening = participants.map((participant) => this.#listen(participant));
  }

  get signal(): AbortSignal {
    return this.#all.signal;
  }

  end(): void {
    for (const stop of this.#listening) stop();
  }

  #listen({ call: { signal }, reject }: Participant): () => void {
    if (!signal) return () => undefined;
    const leave = (): void => {
      reject(signal.reason);
      this.#stay--;
      if (this.#stay === 0) this.#all.abort(signal.reason);
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    return () => signal.removeEventListener('abort', leave);
  }
}

interface Answers {
  readonly entities: readonly unknown[];
  /** By the entity they name. */
  readonly errors: ReadonlyMap<number, readonly SubgraphError[]>;
}

const NO_ERRORS: Answers['errors'] = new Map();

/** Undefined if not every entity is answered, or an error names none: nobody knows then whom that concerns. */
function answersOf({ data, errors }: SubgraphResult, count: number): Answers | undefined {
  const entities = (data as Readonly<Record<string, unknown>> | null | undefined)?.[ENTITIES];
  if (!Array.isArray(entities) || entities.length !== count) return undefined;
  if (!errors || errors.length === 0) return { entities, errors: NO_ERRORS };
  const byEntity = new Map<number, SubgraphError[]>();
  for (const error of errors) {
    const [field, index] = error.path ?? [];
    if (field !== ENTITIES || typeof index !== 'number' || index >= count) return undefined;
    byEntity.set(index, [...(byEntity.get(index) ?? []), error]);
  }
  return { entities, errors: byEntity };
}

/** As if it had been sent alone: entities and the paths of errors count from its own first. */
function answerOf(
  { representations }: Participant,
  indexes: ReadonlyMap<string, number>,
  { entities, errors }: Answers,
): SubgraphResult {
  const own: unknown[] = [];
  const ownErrors: SubgraphError[] = [];
  for (let i = 0; i < representations.length; i++) {
    const index = indexes.get(representations[i] as string) as number;
    own.push(entities[index]);
    for (const error of errors.get(index) ?? [])
      ownErrors.push({ ...error, message: error.message, path: [ENTITIES, i, ...(error.path ?? []).slice(2)] });
  }
  const data = { [ENTITIES]: own };
  return ownErrors.length === 0 ? { data, isShared: true } : { data, errors: ownErrors, isShared: true };
}

/** A subgraph that answers garbage, or too much, may do so because of what one of them asked for. */
function concernsAll(error: unknown): boolean {
  const cause = isPlatformError(error) ? error.originalError : undefined;
  return !(cause instanceof AnswerFault) || cause.kind === 'none';
}
