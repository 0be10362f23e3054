import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { graphql } from 'graphql';
import { ANONYMOUS, type Actor } from '../../../../kernel/access/actor.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { AppsFixture } from './apps-fixture.js';

export interface GraphServer {
  readonly url: string;
  readonly tokenUrl: string;
  /** Requests with this operation name are answered with a dropped connection while it is set. */
  dropsOperation: string | null;
  /** Every token that was minted stops to count. */
  revokeTokens(): void;
  close(): Promise<void>;
}

/** The subgraph and a token endpoint over real HTTP: what a worker sees of the platform, without the rest of it. */
export async function serveGraph(
  fixture: AppsFixture,
  clients: Record<string, { secret: string; actor: Actor }>,
): Promise<GraphServer> {
  const tokens = new Map<string, Actor>();
  const state = { dropsOperation: null as string | null };
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    if (request.url === '/oauth/token') {
      const [id = '', secret] = Buffer.from(request.headers.authorization?.slice(6) ?? '', 'base64')
        .toString()
        .split(':');
      const client = clients[id];
      if (client === undefined || client.secret !== secret) return send(response, 401, { error: 'invalid_client' });
      const token = randomUUID();
      tokens.set(token, client.actor);
      return send(response, 200, { access_token: token, token_type: 'Bearer', expires_in: 600 });
    }
    const { query, variables } = JSON.parse(body) as { query: string; variables: Record<string, unknown> };
    if (state.dropsOperation !== null && query.includes(state.dropsOperation)) return void response.destroy();
    const actor = tokens.get(request.headers.authorization?.slice(7) ?? '') ?? ANONYMOUS;
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const contextValue = fixture.test.kernel.context({ actor, correlationId: newId('cor'), signal: gone.signal });
    send(
      response,
      200,
      await graphql({ schema: fixture.schema.schema, source: query, variableValues: variables, contextValue }),
    );
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin}/graphql`,
    tokenUrl: `${origin}/oauth/token`,
    get dropsOperation() {
      return state.dropsOperation;
    },
    set dropsOperation(name) {
      state.dropsOperation = name;
    },
    revokeTokens: () => tokens.clear(),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
