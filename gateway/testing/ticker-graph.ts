import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, type GraphQLSchema } from 'graphql';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { composeSupergraph, type ComposedSupergraph } from '../supergraph.js';
import { InProcessTransport } from '../transports/in-process-transport.js';
import type { SubgraphTransport } from '../transports/subgraph-transport.js';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])`;

const SDL = {
  clock: `${LINK}
    type Query { clockName: String! }
    type Subscription { ticks(topic: String! = "main", after: String): Tick! }
    type Tick { cursor: String! type: String! n: Int! subject: Person }
    type Person @key(fields: "id") { id: ID! }`,
  people: `${LINK}
    type Query { personCount: Int! }
    type Person @key(fields: "id") { id: ID! name: String employer: Company }
    type Company @key(fields: "id") { id: ID! }`,
  companies: `${LINK}
    type Query { companyCount: Int! }
    type Company @key(fields: "id") { id: ID! title: String }`,
};

interface Tick {
  readonly n: number;
  readonly topic: string;
}

/** What ends a stream of a context, such as its token's end. */
export interface TickContext {
  /** Throws when the context may not read on; asked before each event. */
  readonly check?: () => void;
}

/**
 * A graph whose subscription is a log, as those of the platform are: `ticks` of a topic, from after a cursor or from now
 * on (`after: "now"` also tells where that is), with a subject that two other subgraphs follow. Counts what it is asked.
 */
export class TickerGraph {
  readonly log: Tick[] = [];
  readonly counts = { opened: 0, open: 0, names: 0, titles: 0 };
  readonly supergraph: ComposedSupergraph;
  readonly #waiting = new Set<() => void>();

  constructor() {
    this.supergraph = composeSupergraph(
      Object.entries(SDL).map(([name, sdl]) => ({ name, sdl, url: `http://${name}.test/graphql` })),
    );
  }

  tick(topic = 'main'): void {
    this.log.push({ n: this.log.length + 1, topic });
    this.wake();
  }

  /** Lets all streams look again, as when access may have changed. */
  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  schemas(): Map<keyof typeof SDL, GraphQLSchema> {
    const resolvers = { clock: this.#clock(), people: this.#people(), companies: this.#companies() };
    return new Map(
      (Object.keys(SDL) as (keyof typeof SDL)[]).map((name) => [
        name,
        buildSubgraphSchema([{ typeDefs: parse(SDL[name]), resolvers: resolvers[name] }]),
      ]),
    );
  }

  transports(): Map<string, SubgraphTransport> {
    return new Map([...this.schemas()].map(([name, schema]) => [name, new InProcessTransport(schema)]));
  }

  #clock() {
    return {
      Query: { clockName: () => 'clock' },
      Subscription: {
        ticks: {
          subscribe: (_: unknown, { topic, after }: { topic: string; after?: string | null }, context: TickContext) =>
            this.#stream(topic, after, context),
        },
      },
    };
  }

  #stream(topic: string, after: string | null | undefined, context: TickContext): AsyncIterableIterator<object> {
    context.check?.();
    this.counts.opened++;
    this.counts.open++;
    const leaving = new AbortController();
    const from = after == null || after === 'now' ? this.log.length : Number(after.slice(1));
    const items = this.#items(topic, { isTold: after === 'now', from, context, signal: leaving.signal });
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: async () => items.next(),
      return: async () => {
        if (!leaving.signal.aborted) this.counts.open--;
        leaving.abort();
        await items.return(undefined);
        return { done: true, value: undefined };
      },
    };
  }

  async *#items(
    topic: string,
    { context, from, isTold, signal }: { context: TickContext; from: number; isTold: boolean; signal: AbortSignal },
  ): AsyncGenerator<object, void, undefined> {
    let position = from;
    if (isTold) yield { ticks: { cursor: `t${position}`, type: 'opened', n: 0, subject: null } };
    if (position > this.log.length) throw new PlatformError('BAD_USER_INPUT', 'The cursor is of the future.');
    while (!signal.aborted) {
      context.check?.();
      const tick = this.log[position];
      if (!tick) {
        await new Promise<void>((resolve) => {
          this.#waiting.add(resolve);
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
        continue;
      }
      position++;
      if (tick.topic !== topic) continue;
      yield { ticks: { cursor: `t${position}`, type: 'tick', n: tick.n, subject: { id: `p${tick.n % 3}` } } };
    }
  }

  #people() {
    return {
      Query: { personCount: () => 3 },
      Person: {
        __resolveReference: ({ id }: { id: string }) => ({ id }),
        name: ({ id }: { id: string }) => {
          this.counts.names++;
          return `Person ${id}`;
        },
        employer: ({ id }: { id: string }) => ({ __typename: 'Company', id: `c${id.slice(1)}` }),
      },
    };
  }

  #companies() {
    return {
      Query: { companyCount: () => 3 },
      Company: {
        __resolveReference: ({ id }: { id: string }) => ({ id }),
        title: ({ id }: { id: string }) => {
          this.counts.titles++;
          return `Company ${id}`;
        },
      },
    };
  }
}
