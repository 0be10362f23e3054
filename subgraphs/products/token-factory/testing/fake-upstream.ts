import Fastify, { type FastifyInstance } from 'fastify';

export interface FakeUpstream {
  readonly url: string;
  readonly requests: {
    readonly path: string;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body: Record<string, unknown>;
  }[];
  /** How many connections were closed by the gateway before their answer was complete. */
  cancelled: number;
  /** What the next answers are; the last one stays. */
  answers: FakeAnswer[];
  models: string[];
  close(): Promise<void>;
}

export type FakeAnswer =
  | { readonly kind: 'json'; readonly status?: number; readonly body: unknown }
  | {
      readonly kind: 'events';
      readonly data: readonly (string | object)[];
      readonly pauseMilliseconds?: number;
      readonly breaks?: boolean;
    }
  | { readonly kind: 'hang' };

/** A server that speaks as much of OpenAI's protocol as a test tells it to. */
export async function startFakeUpstream(): Promise<FakeUpstream> {
  const server = Fastify({ forceCloseConnections: true }) as unknown as FastifyInstance;
  const fake: FakeUpstream = {
    url: '',
    requests: [],
    cancelled: 0,
    answers: [],
    models: ['fake-model'],
    close: () => server.close(),
  };
  server.get('/v1/models', async () => ({ object: 'list', data: fake.models.map((id) => ({ id, object: 'model' })) }));
  server.post('/v1/*', (request, reply) => {
    fake.requests.push({ path: request.url, headers: request.headers, body: request.body as Record<string, unknown> });
    const answer = fake.answers.length > 1 ? fake.answers.shift() : fake.answers[0];
    reply.hijack();
    const { raw } = reply;
    raw.once('close', () => {
      if (!raw.writableFinished) fake.cancelled += 1;
    });
    if (answer === undefined || answer.kind === 'hang') return;
    if (answer.kind === 'json') {
      raw.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
      return;
    }
    raw.writeHead(200, { 'content-type': 'text/event-stream' });
    void (async () => {
      for (const data of answer.data) {
        if (raw.destroyed) return;
        raw.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
        if (answer.pauseMilliseconds !== undefined) {
          await new Promise((resolve) => {
            setTimeout(resolve, answer.pauseMilliseconds);
          });
        }
      }
      if (answer.breaks === true) setTimeout(() => raw.destroy(), 50);
      else raw.end();
    })();
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  return Object.assign(fake, { url: `${address}/v1` });
}

/** A chunk of a chat stream with one piece of content. */
export function contentChunk(content: string, extras: object = {}): object {
  return {
    id: 'x',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'fake',
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
    ...extras,
  };
}

export const finishChunk = {
  id: 'x',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'fake',
  choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
};
