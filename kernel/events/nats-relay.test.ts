import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PLATFORM_SCOPE } from '../access/authority.js';
import { createLogger } from '../telemetry/logger.js';
import { type TestKernel, eventually, startTestKernel } from '../testing/test-kernel.js';
import { defineEvent, emitEvent } from './event-type.js';
import { NatsRelay } from './nats-relay.js';

const hasServer = spawnSync('nats-server', ['--version']).status === 0;
if (!hasServer) process.stderr.write('nats-server is not installed: the relay is not tested here (CI installs it)\n');

const ticked = defineEvent({
  type: 'kernel.clock.ticked',
  subjectType: 'Clock',
  description: 'A tick.',
  data: z.object({ n: z.number() }),
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

describe.runIf(hasServer)('the NATS relay', () => {
  let test: TestKernel;
  let nats: ChildProcess;
  let url: string;
  const directory = mkdtempSync(path.join(tmpdir(), 'nats-'));

  beforeAll(async () => {
    test = await startTestKernel();
    const port = await freePort();
    url = `nats://127.0.0.1:${port}`;
    nats = spawn('nats-server', ['-js', '-sd', directory, '-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    await eventually(async () => {
      const probe = await connect({ servers: url, reconnect: false }).catch(() => null);
      await probe?.close();
      return probe;
    });
  });
  afterAll(async () => {
    nats.kill('SIGKILL');
    await test.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('publishes every event once and in order, also when it starts again from an older position', async () => {
    const { database, feed } = test.kernel;
    const logger = createLogger({ level: 'silent' });
    const open = (): Promise<NatsRelay> => NatsRelay.connect({ url, retentionSeconds: 3600, database, feed, logger });
    const first = await open();
    test.runWorker([first.job()]);
    for (let n = 0; n < 40; n += 1) {
      await database.transaction('system', async (tx) => {
        emitEvent(
          tx,
          ticked,
          { subjectId: 'clock', scope: PLATFORM_SCOPE, data: { n } },
          { correlationId: 'c', actorId: 'a', now: new Date() },
        );
      });
    }
    const client = await connect({ servers: url });
    const manager = await jetstream(client).jetstreamManager();
    const count = async (): Promise<number> => (await manager.streams.info('CONTROL_PLANE_EVENTS')).state.messages;
    await eventually(async () => (await count()) === 40, { what: '40 messages' });
    await database.transaction('system', (tx) => tx.execute('update kernel.consumer_positions set position = 10'));
    await eventually(async () => {
      const row = await database.read('system', (tx) =>
        tx.row<{ position: bigint }>('select position from kernel.consumer_positions'),
      );
      return row?.position === 40n;
    });
    expect(await count()).toBe(40);
    const message = await manager.streams.getMessage('CONTROL_PLANE_EVENTS', { seq: 7 });
    expect(message?.json()).toMatchObject({ specversion: '1.0', type: 'kernel.clock.ticked', data: { n: 6 } });
    await client.close();
    await first.close();
  });
});
