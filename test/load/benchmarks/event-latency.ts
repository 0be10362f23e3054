import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { createGateway, InProcessTransport } from '../../../gateway/index.js';
import { systemActor } from '../../../kernel/access/actor.js';
import { PLATFORM_SCOPE } from '../../../kernel/access/authority.js';
import { defineEvent, emitEvent } from '../../../kernel/events/event-type.js';
import { buildFederatedSchema } from '../../../kernel/federation/federated-schema.js';
import type { RequestContext } from '../../../kernel/graphql/request-context.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { Worker } from '../../../kernel/jobs/worker.js';
import { createRegistry, registryDefinition } from '../../../subgraphs/platform/registry/index.js';
import type { Arrival, Order } from '../children/web-socket-clients.js';
import { BenchAuthority } from '../harness/bench-authority.js';
import { type BenchDatabase, DURABILITY, openBenchDatabase } from '../harness/bench-database.js';
import type { Benchmark, BenchmarkEnvironment, Line } from '../harness/benchmark.js';
import { median, percentiles, rounded } from '../harness/statistics.js';
import { forkSource } from '../harness/server-process.js';

const SUBSCRIBERS = 200;
/** Between two sends; the contenders take turns, so that each sends every second time: 12 events a second. */
const PAUSE_MILLISECONDS = 40;
const TARGET = 'median < 50 ms';

const noted = defineEvent({
  type: 'bench.note.added',
  subjectType: 'Note',
  description: 'A note.',
  data: z.object({ text: z.string() }),
});

async function pause(milliseconds = PAUSE_MILLISECONDS): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** How many events one line takes. */
function countOf({ rounds, roundMilliseconds }: BenchmarkEnvironment): number {
  return Math.ceil((rounds * roundMilliseconds) / PAUSE_MILLISECONDS / 2);
}

async function run(environment: BenchmarkEnvironment): Promise<readonly Line[]> {
  const database = await openBenchDatabase(environment, { domains: [registryDefinition], clients: 8 });
  const { kernel } = database;
  const worker = new Worker({ database: kernel.database, feed: kernel.feed, logger: kernel.logger });
  try {
    kernel.pipeline.useAuthority(new BenchAuthority());
    worker.start(kernel.jobs(), []);
    const inProcess = await environment.profiled('event-latency', () => measureInProcess(environment, database));
    const webSockets = await environment.profiled('event-latency-sockets', () => measureSockets(environment, database));
    return [inProcess, webSockets];
  } finally {
    await worker.stop();
    await database.close();
  }
}

async function measureInProcess(environment: BenchmarkEnvironment, database: BenchDatabase): Promise<Line> {
  const { kernel, bare } = database;
  const committedAt = new Map<string, number>();
  const latencies: number[] = [];
  const streams = Array.from({ length: SUBSCRIBERS }, () =>
    kernel.context({ actor: systemActor('bench'), correlationId: newId('cor') }).stream({
      permission: null,
      scope: PLATFORM_SCOPE,
      filter: { types: [noted.type] },
    }),
  );
  const consuming = streams.map(async (stream) => {
    for await (const item of stream) {
      if (item.kind === 'event')
        latencies.push(performance.now() - (committedAt.get(item.entry.event.subject) ?? Number.NaN));
    }
  });
  const notified = await bareNotifications(bare);
  await pause(200);
  for (let count = countOf(environment); count > 0; count -= 1) {
    const subjectId = newId('nte');
    await kernel.database.transaction('system', async (tx) => {
      const origin = { correlationId: subjectId, actorId: 'system', now: new Date() };
      emitEvent(tx, noted, { subjectId, scope: PLATFORM_SCOPE, data: { text: 'x' } }, origin);
      tx.afterCommit(() => committedAt.set(subjectId, performance.now()));
    });
    await pause();
    await notified.send();
    await pause();
  }
  await pause(500);
  await Promise.all(streams.map(async (stream) => stream.return?.()));
  await Promise.all(consuming);
  await notified.stop();
  return lineOf(`commit to ${SUBSCRIBERS} subscribers in process`, latencies, {
    name: 'bare NOTIFY in the transaction, fanned out',
    latencies: notified.latencies,
  });
}

/** The peer: a row and a NOTIFY in one transaction, heard by one connection, and handed to as many callbacks. */
async function bareNotifications(
  pool: BenchDatabase['bare'],
): Promise<{ latencies: number[]; send(): Promise<void>; stop(): Promise<void> }> {
  const latencies: number[] = [];
  let committedAt = 0;
  const listener = await pool.connect();
  const callbacks = Array.from({ length: SUBSCRIBERS }, () => async () => {
    latencies.push(performance.now() - committedAt);
  });
  const heard = (): void => {
    // It may be heard before the COMMIT is answered: that counts as no time at all.
    if (committedAt === 0) committedAt = performance.now();
    for (const callback of callbacks) void callback();
  };
  listener.on('notification', heard);
  await listener.query('listen bench');
  return {
    latencies,
    async send() {
      const client = await pool.connect();
      await client.query('begin');
      await client.query('insert into bench.bare_messages (topic, body) values ($1, $2)', ['event', '{}']);
      await client.query('notify bench');
      committedAt = 0;
      await client.query('commit');
      if (committedAt === 0) committedAt = performance.now();
      client.release();
    },
    async stop() {
      listener.off('notification', heard);
      await listener.query('unlisten *');
      listener.release();
    },
  };
}

async function measureSockets(environment: BenchmarkEnvironment, database: BenchDatabase): Promise<Line> {
  const { kernel } = database;
  const registry = createRegistry({ kernel });
  const gateway = await startGateway(database, registry);
  const bare = createServer();
  const sockets = new WebSocketServer({ server: bare });
  await once(bare.listen(0, '127.0.0.1'), 'listening');
  const sentAt = new Map<string, number>();
  const arrivals: Arrival[] = [];
  const child = forkSource('test/load/children/web-socket-clients.ts');
  const ready = new Promise<void>((resolve) => {
    child.on('message', (message: { kind: 'ready' } | { kind: 'arrivals'; arrivals: Arrival[] }) => {
      if (message.kind === 'ready') resolve();
      else arrivals.push(...message.arrivals);
    });
  });
  const query = 'subscription { incidentEvents { cursor type subject { id title state } } }';
  const { port } = bare.address() as AddressInfo;
  child.send({ url: gateway.url, bareUrl: `ws://127.0.0.1:${port}`, clients: SUBSCRIBERS, query } satisfies Order);
  try {
    await Promise.race([ready, once(child, 'exit').then(() => Promise.reject(new Error('the clients ended')))]);
    await pause(1000);
    await sendThrough(environment, { database, registry, sockets, sentAt });
    await pause(1500);
  } finally {
    const gone = once(child, 'exit');
    child.disconnect();
    await gone;
    sockets.close();
    bare.closeAllConnections();
    bare.close();
    await gateway.stop();
  }
  const of = (way: Arrival['way']): number[] =>
    arrivals.filter((arrival) => arrival.way === way).map(({ id, at }) => at - (sentAt.get(id) ?? Number.NaN));
  return lineOf(`commit to ${SUBSCRIBERS} WebSockets through the gateway, with the subject`, of('gateway'), {
    name: 'bare WebSocket broadcast',
    latencies: of('bare'),
  });
}

async function sendThrough(
  environment: BenchmarkEnvironment,
  to: {
    database: BenchDatabase;
    registry: ReturnType<typeof createRegistry>;
    sockets: WebSocketServer;
    sentAt: Map<string, number>;
  },
): Promise<void> {
  const { kernel } = to.database;
  const open = to.registry.subgraph.commands.find(({ action }) => action === 'registry.incident.open');
  if (open === undefined) throw new Error('there is no command to open an incident');
  let committedAt = 0;
  const forget = kernel.database.onOutboxCommit(() => {
    committedAt = performance.timeOrigin + performance.now();
  });
  const filler = 'x'.repeat(200);
  for (let count = countOf(environment); count > 0; count -= 1) {
    const input = { title: 'Bench', severity: 'minor', componentIds: [] };
    const actor = systemActor('bench');
    const result = await kernel.pipeline.execute(open, input, { actor, correlationId: newId('cor') });
    if (!result.ok) throw new Error(JSON.stringify(result.refusals));
    to.sentAt.set((result.value as { id: string }).id, committedAt);
    await pause();
    const id = newId('bar');
    to.sentAt.set(id, performance.timeOrigin + performance.now());
    const text = JSON.stringify({ id, filler });
    for (const socket of to.sockets.clients) if (socket.readyState === WebSocket.OPEN) socket.send(text);
    await pause();
  }
  forget();
}

async function startGateway(
  { kernel }: BenchDatabase,
  registry: ReturnType<typeof createRegistry>,
): Promise<{ url: string; stop(): Promise<void> }> {
  const { schema, sdl } = buildFederatedSchema(registry.subgraph);
  const gateway = await createGateway<RequestContext>({
    supergraph: { subgraphs: [{ name: 'registry', sdl, url: '' }] },
    transports: new Map([['registry', new InProcessTransport(schema)]]),
    authenticate: () => kernel.context({ actor: systemActor('bench'), correlationId: newId('cor') }),
    holds: () => true,
    contextPerEvent: (context) => context.fresh(),
    logger: kernel.logger,
  });
  const server = fastify({ forceCloseConnections: true });
  await server.register(gateway.fastifyPlugin);
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/graphql`,
    async stop() {
      await server.close();
      await gateway.close();
    },
  };
}

function lineOf(
  what: string,
  latencies: readonly number[],
  peer: { name: string; latencies: readonly number[] },
): Line {
  const known = latencies.filter((latency) => !Number.isNaN(latency));
  return {
    what,
    value: rounded(median(known)),
    unit: 'ms',
    against: { name: peer.name, value: rounded(median(peer.latencies)) },
    ratio: rounded(median(known) / median(peer.latencies)),
    target: TARGET,
    details: {
      ...percentiles(known),
      deliveries_unmatched: latencies.length - known.length,
      peer_p99_ms: percentiles(peer.latencies).p99_ms,
    },
  };
}

export const eventLatency: Benchmark = {
  name: 'event-latency',
  describe: `an event from the commit to ${SUBSCRIBERS} subscribers, 12 a second, ${DURABILITY}`,
  run,
};
