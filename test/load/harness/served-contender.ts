import { HttpClients } from './http-clients.js';
import type { ServerProcess } from './server-process.js';
import { median, percentiles, rounded } from './statistics.js';
import type { Contender, Standing } from './take-turns.js';

/** Connections that ask without a pause. */
export const CLIENTS = 16;
/** Before anything counts: a just-in-time compiler warms up by what it runs, and on a busy machine not by the clock. */
const WARM_UP_REQUESTS = 1_500;
const WARM_UP_MILLISECONDS_MAX = 20_000;

/** A server that takes its turn in being asked over HTTP, and what it costs its processor. */
export class ServedContender implements Contender {
  readonly name: string;
  readonly #server: ServerProcess;
  readonly #bodies: readonly string[];
  readonly #cpuPerRequest: number[] = [];
  #clients: HttpClients | undefined;
  #requests = 0;
  #cpuBefore = 0;
  #bytes = 0;

  /** `requestOf` says what each of the {@link CLIENTS} asks for. */
  constructor(name: string, server: ServerProcess, requestOf: (client: number) => object) {
    this.name = name;
    this.#server = server;
    this.#bodies = Array.from({ length: CLIENTS }, (_, client) => JSON.stringify(requestOf(client)));
  }

  async warmUp(): Promise<void> {
    await this.before();
    const end = performance.now() + WARM_UP_MILLISECONDS_MAX;
    const ask = async (client: number): Promise<void> => {
      while (this.#requests < WARM_UP_REQUESTS && performance.now() < end) await this.operation(client);
    };
    await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => ask(client)));
    await this.#clients?.close();
  }

  before = async (): Promise<void> => {
    this.#clients = new HttpClients(this.#server.url, CLIENTS);
    this.#requests = 0;
    this.#cpuBefore = this.#server.cpuMilliseconds();
  };

  operation = async (client: number): Promise<void> => {
    this.#bytes = (await this.#clients?.send(client, this.#bodies[client] ?? '')) ?? 0;
    this.#requests += 1;
  };

  after = async (): Promise<void> => {
    this.#cpuPerRequest.push((this.#server.cpuMilliseconds() - this.#cpuBefore) / this.#requests);
    await this.#clients?.close();
  };

  /** Of its processor, for one request: the median over the rounds. */
  get cpuMilliseconds(): number {
    return median(this.#cpuPerRequest.slice(1));
  }

  /** What its rounds were like, the warm-up left out. */
  details({ milliseconds }: Standing): Record<string, number> {
    return {
      cpu_ms: rounded(this.cpuMilliseconds),
      ...percentiles(milliseconds),
      bytes: this.#bytes,
      memory_mb: rounded(this.#server.memoryBytes() / 2 ** 20),
    };
  }
}
