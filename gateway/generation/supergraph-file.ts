import { readFile, stat } from 'node:fs/promises';
import { parse } from 'graphql';
import { subgraphsOf } from '../engine/plan/join-directives.js';
import type { GatewayLogger } from '../gateway-options.js';
import type { GatewayRuntime } from '../runtime.js';
import type { SubgraphTransport } from '../transports/subgraph-transport.js';

export interface SupergraphFileOptions {
  readonly file: string;
  readonly runtime: GatewayRuntime;
  readonly logger: GatewayLogger;
  /**
   * Makes the way to a subgraph that is new or served elsewhere; ways to the others are kept. Without it the supergraph
   * may name only the subgraphs that the gateway began with, wherever it says they are.
   */
  readonly connect?: (name: string, url: string) => SubgraphTransport;
  /** Throws if the gateway must not serve this supergraph, for reasons of its own. */
  readonly verify?: (supergraphSdl: string) => void;
  readonly pollSeconds?: number;
}

const POLL_SECONDS = 2;

/**
 * Puts the supergraph of a file in force whenever the file changes, and on SIGHUP. The file is looked at, not watched:
 * that also sees files that are replaced by renaming or behind symbolic links, as orchestrators do. What is refused, by
 * the runtime or because it cannot be read, is logged as an error, and the supergraph in force stays.
 */
export class SupergraphFile {
  readonly #options: SupergraphFileOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #onHangup = (): void => void this.reload();
  #seen = '';
  #read = '';
  #offered: string;

  private constructor(options: SupergraphFileOptions) {
    this.#options = options;
    this.#offered = options.runtime.generation.supergraphSdl;
    this.#timer = setInterval(() => void this.#look(), (options.pollSeconds ?? POLL_SECONDS) * 1_000);
    this.#timer.unref();
    process.on('SIGHUP', this.#onHangup);
  }

  /** Follows the file that the runtime was started with. */
  static follow(options: SupergraphFileOptions): SupergraphFile {
    return new SupergraphFile(options);
  }

  /** Reads the file now. Resolves when its supergraph is in force, or refused. */
  async reload(): Promise<void> {
    const { file, logger, runtime, verify } = this.#options;
    try {
      const sdl = await readFile(file, 'utf8');
      if (sdl === this.#offered) return;
      this.#offered = sdl;
      verify?.(sdl);
      await runtime.swap({ sdl }, this.#transportsFor(sdl));
    } catch (error) {
      logger.error({ err: error, file }, 'the supergraph of the file was not put in force');
    }
  }

  close(): void {
    clearInterval(this.#timer);
    process.off('SIGHUP', this.#onHangup);
  }

  /** Reads a changed file when it has stayed the same from one look to the next, so that it is not read half written. */
  async #look(): Promise<void> {
    const looked = await stat(this.#options.file).catch(() => undefined);
    const seen = looked ? `${looked.ino} ${looked.mtimeMs} ${looked.size}` : '';
    const isSettled = seen === this.#seen;
    this.#seen = seen;
    if (!looked || !isSettled || seen === this.#read) return;
    this.#read = seen;
    await this.reload();
  }

  #transportsFor(sdl: string): ReadonlyMap<string, SubgraphTransport> {
    const { connect, runtime } = this.#options;
    if (!connect) return runtime.transports;
    const urls = urlsOf(sdl);
    // Which is no supergraph: the runtime says why it refuses it.
    if (!urls) return runtime.transports;
    const inForce = urlsOf(runtime.generation.supergraphSdl);
    return new Map(
      [...urls].map(([name, url]) => {
        const kept = inForce?.get(name) === url ? runtime.transports.get(name) : undefined;
        return [name, kept ?? connect(name, url)];
      }),
    );
  }
}

function urlsOf(sdl: string): ReadonlyMap<string, string> | undefined {
  try {
    return subgraphsOf(parse(sdl, { noLocation: true }));
  } catch {
    return undefined;
  }
}
