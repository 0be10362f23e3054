import { Client } from 'undici';

const HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/** Clients that keep one connection each to a server, and do as little as they can with what it answers. */
export class HttpClients {
  readonly #clients: readonly Client[];
  readonly #path: string;

  constructor(url: string, count: number) {
    const { origin, pathname } = new URL(url);
    this.#path = pathname;
    this.#clients = Array.from({ length: count }, () => new Client(origin, { headersTimeout: 60_000 }));
  }

  /** Sends a request by one of the clients; answers how many bytes the response has. Throws unless it is a 200. */
  async send(client: number, body: string): Promise<number> {
    return new Promise((resolve, reject) => {
      let bytes = 0;
      let status = 0;
      this.#clients[client]?.dispatch(
        { path: this.#path, method: 'POST', headers: HEADERS, body },
        {
          // Without it, undici takes this for a handler of its older form.
          onRequestStart: () => undefined,
          onResponseStart: (_controller, statusCode) => void (status = statusCode),
          onResponseData: (_controller, chunk) => void (bytes += chunk.length),
          onResponseEnd: () => (status === 200 ? resolve(bytes) : reject(new Error(`status ${status}`))),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.destroy()));
  }
}

/** One request, whose answer is read. */
export async function askOnce(url: string, body: string): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers: HEADERS, body });
  return response.json();
}
