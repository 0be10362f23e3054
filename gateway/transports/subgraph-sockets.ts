import { SubgraphSocket, type SocketHeaders, type SubgraphSocketOptions } from './subgraph-socket.js';
import type { SubgraphResult, SubgraphSubscription } from './subgraph-transport.js';

/** The sockets to one subgraph, by caller: streams of one caller share a socket, as far as none holds up another. */
export class SubgraphSockets {
  readonly #options: Omit<SubgraphSocketOptions, 'onClosed'>;
  readonly #byCaller = new Map<string, Set<SubgraphSocket>>();

  constructor(options: Omit<SubgraphSocketOptions, 'onClosed'>) {
    this.#options = options;
  }

  /** `headers` carry the caller. Callers with the same key are the same to the subgraph. */
  subscribe(caller: string, request: SubgraphSubscription, headers: SocketHeaders): AsyncIterable<SubgraphResult> {
    let sockets = this.#byCaller.get(caller);
    if (!sockets) this.#byCaller.set(caller, (sockets = new Set()));
    return this.#socketWithRoom(caller, sockets).subscribe(request, headers);
  }

  async close(): Promise<void> {
    const sockets = [...this.#byCaller.values()].flatMap((ofCaller) => [...ofCaller]);
    await Promise.all(sockets.map(async (socket) => socket.close()));
  }

  #socketWithRoom(caller: string, sockets: Set<SubgraphSocket>): SubgraphSocket {
    for (const socket of sockets) if (socket.hasRoom) return socket;
    const opened = new SubgraphSocket({
      ...this.#options,
      onClosed: (socket) => {
        sockets.delete(socket);
        if (sockets.size === 0 && this.#byCaller.get(caller) === sockets) this.#byCaller.delete(caller);
      },
    });
    sockets.add(opened);
    return opened;
  }
}
