import { type Configuration, allowInsecureRequests, discovery, type ClientAuth } from 'openid-client';
import type { Actor } from '../../../../kernel/access/actor.js';
import { eventually } from '../../../../kernel/testing/test-kernel.js';
import { type CredentialNode, type CredentialWorld, makePlace } from './credential-world.js';

export interface TestClient {
  readonly accountId: string;
  readonly clientId: string;
  readonly secret: string;
}

const origin = { correlationId: 'test-correlation', ip: '192.0.2.1', userAgent: 'test' };

/** Service accounts with keys, and what their programs do with them over HTTP. */
export class OAuthClients {
  readonly #world: CredentialWorld;
  #accounts = 0;

  constructor(world: CredentialWorld) {
    this.#world = world;
  }

  /** Runs a command as the administrator; throws its refusals. */
  async run(action: string, input: unknown): Promise<{ id: string; reveal: string | undefined }> {
    const { parts, kernel, admin } = this.#world;
    const command = parts.commands.find((candidate) => candidate.action === action);
    if (command === undefined) throw new Error(`no command ${action}`);
    const result = await kernel.context({ actor: admin, correlationId: 'test-correlation' }).execute(command, input);
    if (!result.ok) throw new Error(JSON.stringify(result.refusals));
    return { id: (result.value as { id: string }).id, reveal: result.reveal };
  }

  async makeClient(allowList = ['allocations.*'], projectId = this.#world.place.projectId): Promise<TestClient> {
    this.#accounts += 1;
    const input = { projectId, name: 'Robot', slug: `robot-${this.#accounts}`, allowList };
    const account = await this.run('iam.service_account.create', input);
    const key = await this.run('iam.service_account_key.create', { serviceAccountId: account.id });
    return { accountId: account.id, clientId: key.id, secret: key.reveal ?? '' };
  }

  /** A client of another organization. */
  async makeForeignClient(): Promise<TestClient> {
    return this.makeClient(['*'], (await makePlace(this.#world.kernel.database)).projectId);
  }

  async discover(clientId: string, authentication: ClientAuth): Promise<Configuration> {
    return discovery(new URL(this.#world.url), clientId, undefined, authentication, {
      algorithm: 'oauth2',
      execute: [allowInsecureRequests],
    });
  }

  async post(
    form: Record<string, string> | string,
    headers: Record<string, string> = {},
    path = '/oauth/token',
  ): Promise<Response> {
    const body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return fetch(this.#world.url + path, { method: 'POST', body, headers: { ...type, ...headers } });
  }

  /** An access token; throws what the endpoint answered instead. */
  async mint(client: Pick<TestClient, 'clientId' | 'secret'>): Promise<string> {
    const response = await this.post({
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.secret,
    });
    const body = (await response.json()) as { access_token?: string };
    if (body.access_token === undefined) throw new Error(JSON.stringify(body));
    return body.access_token;
  }

  async authenticate(token: string, node: CredentialNode = this.#world): Promise<Actor> {
    return node.parts.credentials.authenticate(token, origin);
  }

  /** Milliseconds from `startedAt` until the token is refused there. */
  async untilRefused(token: string, node: CredentialNode, startedAt: number): Promise<number> {
    await eventually(async () => {
      try {
        await this.authenticate(token, node);
        return false;
      } catch (error) {
        return (error as { code?: string }).code === 'TOKEN_INVALID';
      }
    });
    return performance.now() - startedAt;
  }
}
