import { isPlatformError } from '../../../kernel/errors/platform-error.js';
import { AnswerFault } from '../answer-fault.js';
import type { SubgraphCall, SubgraphOperation, SubgraphResult } from '../subgraph-transport.js';
import { entitiesForm } from './entities-form.js';
import type { GatheringForm, SendOperation } from './gathering-form.js';
import { rootForm } from './root-form.js';

/**
 * Sends fetches by one operation, which a caller's requests make in the same turn of the event loop or the next, as one.
 * Nothing waits longer than the turns take: what the gateway is too busy to send at once is what it sends together. Where
 * the answer cannot be told apart, each fetch is sent alone again.
 */
export class FetchGathering {
  readonly #form: GatheringForm;
  readonly #open = new Map<string, GatheredFetch>();

  private constructor(form: GatheringForm) {
    this.#form = form;
  }

  /** Undefined if fetches by the operation cannot be sent as one. `send` compiles an operation. */
  static of(operation: SubgraphOperation, send: SendOperation): FetchGathering | undefined {
    const form = entitiesForm(operation, send) ?? rootForm(operation, send);
    return form && new FetchGathering(form);
  }

  /** `caller` is who asks, with everything that an answer may depend on. */
  async fetch(caller: string, call: SubgraphCall): Promise<SubgraphResult> {
    const weight = this.#form.weightOf(call);
    const key = `${caller} ${this.#form.keyOf(call)}`;
    const open = this.#open.get(key);
    const gathered = open?.hasRoomFor(weight) ? open : this.#begin(key, caller);
    return gathered.join(call, weight);
  }

  #begin(key: string, caller: string): GatheredFetch {
    const gathered = new GatheredFetch(this.#form, caller);
    this.#open.set(key, gathered);
    const send = (): void => {
      if (this.#open.get(key) === gathered) this.#open.delete(key);
      gathered.send();
    };
    // After this turn, and after what the sockets have brought meanwhile.
    setImmediate(() => setImmediate(send));
    return gathered;
  }
}

interface Participant {
  readonly call: SubgraphCall;
  readonly resolve: (result: SubgraphResult | Promise<SubgraphResult>) => void;
  readonly reject: (reason: unknown) => void;
}

class GatheredFetch {
  readonly #form: GatheringForm;
  readonly #caller: string;
  readonly #participants: Participant[] = [];
  #weight = 0;

  constructor(form: GatheringForm, caller: string) {
    this.#form = form;
    this.#caller = caller;
  }

  hasRoomFor(weight: number): boolean {
    return this.#weight + weight <= this.#form.weightMax;
  }

  async join(call: SubgraphCall, weight: number): Promise<SubgraphResult> {
    this.#weight += weight;
    return new Promise((resolve, reject) => {
      this.#participants.push({ call, resolve, reject });
    });
  }

  send(): void {
    const [first, ...others] = this.#participants;
    if (first && others.length === 0) this.#sendAlone(first);
    else if (first) void this.#sendTogether(first.call.context);
  }

  /** Headers of the first are sent, with its trace. */
  async #sendTogether(context: unknown): Promise<void> {
    const farewell = new Farewell(this.#participants);
    try {
      const { send, call, split } = this.#form.combine(this.#participants.map((one) => one.call));
      const results = split(await send({ ...call, context, signal: farewell.signal }, this.#caller));
      for (const [index, participant] of this.#participants.entries()) {
        const result = results?.[index];
        if (result) participant.resolve(result);
        else this.#sendAlone(participant);
      }
    } catch (error) {
      for (const participant of this.#participants) {
        if (concernsAll(error)) participant.reject(error);
        else this.#sendAlone(participant);
      }
    } finally {
      farewell.end();
    }
  }

  #sendAlone({ call, resolve }: Participant): void {
    resolve(this.#form.send(call, this.#caller));
  }
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

/** A subgraph that answers garbage, or too much, may do so because of what one of them asked for. */
function concernsAll(error: unknown): boolean {
  const cause = isPlatformError(error) ? error.originalError : undefined;
  return !(cause instanceof AnswerFault) || cause.kind === 'none';
}
