import { type Socket, connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../gateway-options.js';
import { interceptTransports } from '../testing/intercept-transport.js';
import { shopTransports } from '../testing/shop-graph.js';
import { startTestGateway, type TestContext, type TestGateway } from '../testing/test-gateway.js';

interface Answer {
  readonly correlationId: string;
  readonly text: string;
}

let test: TestGateway;
let fetches = 0;
let fault: Error | undefined;
afterEach(async () => {
  fault = undefined;
  await test.stop();
});

async function start(options: Partial<GatewayOptions<TestContext>> = {}): Promise<void> {
  fetches = 0;
  test = await startTestGateway({
    transports: interceptTransports(shopTransports(), () => async (next) => {
      fetches++;
      if (fault) throw fault;
      return next();
    }),
    accessIdentity: ({ permissions }) => [...permissions].join(','),
    ...options,
  });
}

function request(body: object, index: number, token = 'a'): string {
  const text = JSON.stringify(body);
  const headers = [
    'host: x',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    `authorization: Bearer ${token}`,
    `x-correlation-id: request-${index}`,
  ];
  return `POST /graphql HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${text}`;
}

/** Sends requests in one piece, so that they are read in one turn, and collects the answers in order. */
async function pipeline(requests: readonly string[]): Promise<Answer[]> {
  const socket: Socket = connect(Number(new URL(test.url).port), '127.0.0.1').setEncoding('utf8');
  await once(socket, 'connect');
  let received = '';
  socket.on('data', (chunk: string) => (received += chunk));
  socket.write(requests.join(''));
  await expect.poll(() => answersIn(received).length).toBe(requests.length);
  socket.destroy();
  return answersIn(received);
}

/** The whole answers so far; of ASCII, so that characters are bytes. */
function answersIn(received: string): Answer[] {
  const answers: Answer[] = [];
  for (let rest = received; rest !== '';) {
    const body = rest.indexOf('\r\n\r\n') + 4;
    const head = rest.slice(0, body);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
    const text = rest.slice(body, body + length);
    if (text.length !== length) break;
    answers.push({ correlationId: /^x-correlation-id: (\S+)/im.exec(head)?.[1] ?? '', text });
    rest = rest.slice(body + length);
  }
  return answers;
}

const NAMES = { query: '{ users { id name } }' };

describe('queries that arrive together', () => {
  it('are answered once for the same caller, and each with its own correlation id', async () => {
    await start();
    const [alone] = await pipeline([request(NAMES, 100)]);
    fetches = 0;
    const answers = await pipeline([0, 1, 2].map((index) => request(NAMES, index)));
    expect(fetches).toBe(1);
    expect(answers).toEqual([0, 1, 2].map((index) => ({ correlationId: `request-${index}`, text: alone?.text })));
  });

  it('are each answered where nothing says who asks, and for different callers', async () => {
    await start();
    await pipeline([request(NAMES, 0, 'a'), request(NAMES, 1, 'b')]);
    expect(fetches).toBe(2);
    await test.stop();
    await start({ accessIdentity: () => undefined });
    await pipeline([request(NAMES, 0), request(NAMES, 1)]);
    expect(fetches).toBe(2);
  });

  it('are told of errors each under its own correlation id', async () => {
    await start();
    fault = new Error('down');
    const answers = await pipeline([0, 1].map((index) => request({ query: '{ me { id } }' }, index)));
    expect(fetches).toBe(1);
    const ids = answers.map(({ text }) => {
      const { data, errors } = JSON.parse(text) as { data: unknown; errors: { extensions: object }[] };
      expect(data).toEqual({ me: null });
      return errors[0]?.extensions;
    });
    expect(ids).toMatchObject([{ correlationId: 'request-0' }, { correlationId: 'request-1' }]);
  });

  it('pay each for itself', async () => {
    const budgetOf = () => ({ principal: 'payer', burst: 100, perSecond: 0 });
    await start({ demand: { operationCostMax: 50, budgetOf } });
    const query = '{ me { friends { name } } }';
    const answers = await pipeline([0, 1].map((index) => request({ query }, index)));
    expect(fetches).toBe(1);
    const left = answers.map(({ text }) => {
      const { extensions } = JSON.parse(text) as { extensions: { cost: { actual: number; budget: { left: number } } } };
      expect(extensions.cost.actual).toBe(3);
      return extensions.cost.budget.left;
    });
    // Both had 6 withdrawn, and get 3 of that back one after the other.
    expect(left).toEqual([91, 94]);
  });

  it('are no mutations: those run as often as they are asked for', async () => {
    await start();
    const rename = { query: 'mutation { userRename(id: "u1", name: "Ada") { name } }' };
    const answers = await pipeline([request(rename, 0), request(rename, 1)]);
    expect(fetches).toBe(2);
    expect(answers.map(({ text }) => text)).toEqual(Array(2).fill('{"data":{"userRename":{"name":"Ada"}}}'));
  });
});
