import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createHttpServer } from '../http/http-server.js';
import { eventually } from '../testing/test-kernel.js';
import { createLogger } from './logger.js';
import { Metrics } from './metrics.js';
import { inSpan, startTracing } from './tracing.js';

function capturing(): { lines: string[]; logger: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  return { lines, logger: createLogger({ level: 'trace', destination: { write: (line) => void lines.push(line) } }) };
}

it('logs one JSON object a line, with credentials redacted by name wherever they stand', () => {
  const { lines, logger } = capturing();
  const secret = 'gpk_very-secret';
  logger.info(
    {
      authorization: secret,
      request: { headers: { authorization: secret } },
      body: { client_secret: secret },
      user: 'mira',
    },
    'signed in',
  );
  const line = lines.join('');
  expect(JSON.parse(line)).toMatchObject({ level: 'info', user: 'mira', msg: 'signed in' });
  expect(line).not.toContain(secret);
});

it('sends spans to an OTLP endpoint when configured, failures marked', async () => {
  const bodies: string[] = [];
  const receiver = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => bodies.push(`${request.url} ${chunk.toString('utf8')}`));
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  await new Promise<void>((resolve) => {
    receiver.listen(0, '127.0.0.1', resolve);
  });
  const tracing = await startTracing(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}`, 'test');
  await inSpan('command kernel.note.add', async () => 1);
  await expect(inSpan('command kernel.note.fail', async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await tracing.stop();
  await eventually(() => bodies.join('').includes('kernel.note.fail'));
  expect(bodies.join('')).toContain('/v1/traces');
  expect(bodies.join('')).toContain('command kernel.note.add');
  receiver.close();
});

it('answers health, readiness with its reasons, and metrics', async () => {
  const metrics = new Metrics();
  let isWell = true;
  const check = async (): Promise<void> => {
    if (!isWell) throw new Error('no connection');
  };
  const server = createHttpServer({
    logger: createLogger({ level: 'silent' }),
    metrics,
    readiness: [{ name: 'database', check }],
  });
  metrics.commands.start('kernel.note.add')('success');
  expect((await server.inject('/healthz')).json()).toEqual({ status: 'alive' });
  expect((await server.inject('/readyz')).statusCode).toBe(200);
  isWell = false;
  const unready = await server.inject('/readyz');
  expect(unready.statusCode).toBe(503);
  expect(unready.json()).toMatchObject({ checks: [{ name: 'database', isReady: false, reason: 'no connection' }] });
  expect((await server.inject('/metrics')).body).toContain(
    'control_plane_command_seconds_count{action="kernel.note.add",outcome="success"} 1',
  );
  await server.close();
});
