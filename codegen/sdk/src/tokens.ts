import { ControlPlaneError } from './errors.js';

/** Gives the bearer token of a request. */
export interface TokenSource {
  /** `refused` is a token that the platform no longer takes: the answer must be another one, if there is any. */
  token(refused: string | null): Promise<string | null>;
}

/** A token that somebody else keeps fresh: a fixed text, or a function asked for each request. */
export function staticToken(token: string | (() => string | Promise<string>)): TokenSource {
  return { token: async () => (typeof token === 'string' ? token : token()) };
}

export interface ServiceAccountOptions {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
  readonly fetch?: typeof fetch;
  /** Renew this long before the token ends. */
  readonly renewBeforeSeconds?: number;
}

interface Token {
  readonly value: string;
  readonly renewAt: number;
}

/**
 * Mints short-lived tokens for a service account (RFC 6749, client credentials) and keeps one until shortly before its
 * end. Requests that need a token at the same time share one call.
 */
export function serviceAccount(options: ServiceAccountOptions): TokenSource {
  let current: Token | null = null;
  let pending: Promise<Token> | null = null;
  return {
    async token(refused) {
      if (current !== null && current.value !== refused && Date.now() < current.renewAt) return current.value;
      pending ??= mint(options).finally(() => {
        pending = null;
      });
      current = await pending;
      return current.value;
    },
  };
}

async function mint(options: ServiceAccountOptions): Promise<Token> {
  const credentials = `${encodeURIComponent(options.clientId)}:${encodeURIComponent(options.clientSecret)}`;
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  if (options.scope !== undefined) body.set('scope', options.scope);
  const request = options.fetch ?? fetch;
  const response = await request(options.tokenUrl, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(credentials)}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: body.toString(),
    signal: AbortSignal.timeout(15_000),
  }).catch((cause: unknown) => {
    throw new ControlPlaneError('The token endpoint cannot be reached.', { kind: 'network' }, { cause });
  });
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (!response.ok || typeof answer['access_token'] !== 'string') {
    const error = typeof answer['error'] === 'string' ? answer['error'] : `HTTP ${response.status}`;
    const description = typeof answer['error_description'] === 'string' ? `: ${answer['error_description']}` : '';
    throw new ControlPlaneError(`No token was issued (${error}${description}).`, { kind: 'token', error });
  }
  const lifetime = typeof answer['expires_in'] === 'number' ? answer['expires_in'] : 300;
  const early = Math.min(options.renewBeforeSeconds ?? 30, lifetime / 2);
  return { value: answer['access_token'], renewAt: Date.now() + (lifetime - early) * 1000 };
}
