import { Agent, request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostileRequests, type HostileRequest } from '../testing/hostile-requests.js';
import { startTestGateway, type TestGateway } from '../testing/test-gateway.js';

/** Loose on purpose: the machine is shared. What each really took is printed. */
const CPU_MILLISECONDS_MAX = 250;
const MEMORY_BYTES_MAX = 200_000_000;

let test: TestGateway;
const agent = new Agent({ keepAlive: true });
const taken: { name: string; milliseconds: number }[] = [];

beforeAll(async () => {
  test = await startTestGateway();
  for (const hostile of hostileRequests()) await send(hostile);
});
afterAll(async () => {
  agent.destroy();
  await test.stop();
});

interface Answer {
  readonly status: number;
  readonly correlationId: unknown;
  readonly text: string;
}

async function send({ method = 'POST', search = '', headers = {}, body }: HostileRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${test.url}${search}`,
      {
        agent,
        method,
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
          ...(headers as Record<string, string>),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const correlationId = response.headers['x-correlation-id'];
          resolve({ status: response.statusCode ?? 0, correlationId, text: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

describe('a hostile request', () => {
  it.each(hostileRequests().map((hostile) => [hostile.name, hostile] as const))(
    'is refused with its code and correlation id: %s',
    async (name, hostile) => {
      let best = Infinity;
      let answer: Answer | undefined;
      for (let round = 0; round < 2; round++) {
        const start = process.cpuUsage();
        answer = await send(hostile);
        const { user, system } = process.cpuUsage(start);
        best = Math.min(best, (user + system) / 1_000);
      }
      taken.push({ name, milliseconds: best });
      const errors = (JSON.parse(answer?.text ?? '') as { errors: { extensions: Record<string, unknown> }[] }).errors;
      const [error] = errors;
      expect(hostile.codes).toContain(error?.extensions['code']);
      expect(answer?.status).toBeGreaterThanOrEqual(400);
      expect(answer?.status).toBeLessThan(500);
      expect(errors.length).toBeLessThanOrEqual(21);
      expect(answer?.text.length).toBeLessThan(400_000);
      expect(answer?.correlationId).toBe(error?.extensions['correlationId']);
      expect(answer?.correlationId).toEqual(expect.any(String));
      expect(best).toBeLessThan(CPU_MILLISECONDS_MAX);
    },
  );

  it('leaves no memory behind, and nothing in the log', async () => {
    const before = process.memoryUsage().heapUsed;
    for (const hostile of hostileRequests()) await send(hostile);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(MEMORY_BYTES_MAX);
    expect(test.logged).toEqual([]);
    const slowest = taken.sort((left, right) => right.milliseconds - left.milliseconds).slice(0, 8);
    const shown = slowest.map(({ name, milliseconds }) => `${name} ${milliseconds.toFixed(1)} ms`).join(', ');
    process.stdout.write(`hostile requests: ${taken.length}; most CPU time: ${shown}\n`);
  });

  it('does not keep honest ones from being answered', async () => {
    const query = JSON.stringify({ query: '{ me { name } }' });
    expect((await send({ name: 'honest', body: query, codes: [] })).text).toBe('{"data":{"me":{"name":"Ada"}}}');
  });
});
