import { type IncomingMessage, type RequestListener, type Server, type ServerResponse, createServer } from 'node:http';
import proxyAddress from '@fastify/proxy-addr';

/** A request before it is routed. */
export interface EarlyRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client's address, as far as the proxies between are trusted. */
  readonly ip: string;
  /** Whether the server takes no more requests: the router refuses them. */
  readonly isClosing: boolean;
}

/**
 * Looks at a request before the router, its hooks and its body parsers do. Says `true` if it answers the request itself,
 * which it may do later; until then it may prepare the response, for whoever answers. Must not throw, and must leave the
 * body unread if it says `false`.
 */
export type EarlyHandler = (early: EarlyRequest) => boolean;

export type ProxyTrust = ReturnType<typeof proxyAddress.compile>;

export function proxyTrust(proxies: readonly string[] | undefined): ProxyTrust | undefined {
  return proxies === undefined || proxies.length === 0 ? undefined : proxyAddress.compile([...proxies]);
}

/** What early handlers are asked by. */
export class EarlyHandlers {
  readonly #handlers: EarlyHandler[] = [];
  readonly #trust: ProxyTrust | undefined;
  #isClosing = false;

  constructor(trust: ProxyTrust | undefined) {
    this.#trust = trust;
  }

  add(handler: EarlyHandler): void {
    this.#handlers.push(handler);
  }

  /** Tells the handlers from now on that the server takes no more requests. */
  close(): void {
    this.#isClosing = true;
  }

  /** An HTTP server that asks the handlers in their order, and then the router. */
  serverBefore(route: RequestListener): Server {
    return createServer((request, response) => {
      const early = { request, response, ip: clientAddress(request, this.#trust), isClosing: this.#isClosing };
      for (const handler of this.#handlers) if (handler(early)) return;
      route(request, response);
    });
  }
}

function clientAddress(request: IncomingMessage, trust: ProxyTrust | undefined): string {
  return trust === undefined ? (request.socket.remoteAddress ?? '') : proxyAddress(request, trust);
}
