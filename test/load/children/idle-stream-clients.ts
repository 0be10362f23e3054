import { WebSocket } from 'ws';

/** What the parent asks for: sockets, and streams on each. */
export interface IdleOrder {
  readonly url: string;
  readonly sockets: number;
  readonly streamsPerSocket: number;
  readonly query: string;
  /** Each socket shows a token of its own when set, so that nothing is shared. */
  readonly isDistinct: boolean;
}

export type IdleReport = { kind: 'ready' } | { kind: 'count'; events: number };

/** Sockets that open at once. */
const BATCH = 100;

let events = 0;

function tell(report: IdleReport): void {
  process.send?.(report);
}

/** A socket of the bare protocol: a client library's own memory and time would only disturb. */
async function open(order: IdleOrder, index: number): Promise<void> {
  const socket = new WebSocket(order.url, 'graphql-transport-ws', { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => {
      const authorization = `Bearer ${order.isDistinct ? `c${index}` : 'c'}`;
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }));
    });
    socket.on('message', (data: Buffer) => {
      const text = data.toString('latin1');
      if (text.includes('"next"')) events += 1;
      else if (text.includes('"connection_ack"')) {
        for (let id = 0; id < order.streamsPerSocket; id += 1)
          socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query: order.query } }));
        resolve();
      }
    });
  });
}

async function openAll(order: IdleOrder): Promise<void> {
  for (let index = 0; index < order.sockets; index += BATCH) {
    const batch = Math.min(BATCH, order.sockets - index);
    await Promise.all(Array.from({ length: batch }, async (_, at) => open(order, index + at)));
  }
  tell({ kind: 'ready' });
}

process.on('message', (order: IdleOrder | 'count') => {
  if (order === 'count') return tell({ kind: 'count', events });
  openAll(order).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(0));
