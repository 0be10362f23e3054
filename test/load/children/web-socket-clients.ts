import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** What the parent asks for: subscribers of the gateway, and listeners of a bare WebSocket server. */
export interface Order {
  readonly url: string;
  readonly bareUrl: string;
  readonly clients: number;
  readonly query: string;
}

/** One arrival: which event, by which way, and when, in milliseconds since 1970 with fractions. */
export interface Arrival {
  readonly id: string;
  readonly way: 'gateway' | 'bare';
  readonly at: number;
}

type Message = { kind: 'ready' } | { kind: 'arrivals'; arrivals: Arrival[] };

let arrivals: Arrival[] = [];

function tell(message: Message): void {
  process.send?.(message);
}

function arrived(id: string, way: Arrival['way']): void {
  arrivals.push({ id, way, at: performance.timeOrigin + performance.now() });
  if (arrivals.length > 1) return;
  setTimeout(() => {
    tell({ kind: 'arrivals', arrivals });
    arrivals = [];
  }, 100);
}

async function listen({ url, bareUrl, clients, query }: Order): Promise<void> {
  const opened: Promise<void>[] = [];
  for (let index = 0; index < clients; index += 1) {
    const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, lazy: false });
    opened.push(new Promise((resolve) => void client.on('connected', () => resolve())));
    client.subscribe<{ incidentEvents: { subject: { id: string } | null } }>(
      { query },
      {
        next: ({ data }) => arrived(data?.incidentEvents.subject?.id ?? '', 'gateway'),
        error: (error) => {
          throw new Error(`a subscription ended: ${JSON.stringify(error)}`);
        },
        complete: () => {},
      },
    );
    const bare = new WebSocket(bareUrl);
    bare.on('message', (text: Buffer) => arrived((JSON.parse(text.toString()) as { id: string }).id, 'bare'));
    opened.push(new Promise((resolve) => void bare.on('open', () => resolve())));
  }
  await Promise.all(opened);
  tell({ kind: 'ready' });
}

process.on('message', (order: Order) => {
  listen(order).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(0));
