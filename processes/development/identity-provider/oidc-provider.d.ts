/**
 * The part of `oidc-provider` 9 this folder uses: the package ships without types, and DefinitelyTyped stops at 8.
 * Names and shapes follow its documentation (docs/README.md of the release).
 */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface Grant {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }

  /** What authorization codes and refresh tokens remember of the sign-in they come from. */
  export interface GrantSource {
    readonly acr?: string;
    readonly amr?: readonly string[];
    readonly authTime?: number;
    readonly sessionUid?: string;
    readonly accountId?: string;
    readonly scopes: ReadonlySet<string>;
  }

  export interface Client {
    readonly clientId: string;
    readonly clientName?: string;
    readonly applicationType: 'web' | 'native';
    readonly redirectUris: readonly string[];
    grantTypeAllowed(type: string): boolean;
  }

  export interface Context {
    type: string;
    status: number;
    body: unknown;
    readonly path: string;
    set(name: string, value: string): void;
    readonly oidc: {
      readonly provider: Provider;
      readonly client?: Client;
      readonly account?: { readonly accountId: string };
      readonly params: Readonly<Record<string, string | undefined>>;
      readonly requestParamOIDCScopes: ReadonlySet<string>;
      readonly requestParamScopes: ReadonlySet<string>;
      readonly resourceServers: Readonly<Record<string, { readonly scopes: ReadonlySet<string> }>>;
      readonly session: {
        readonly accountId?: string;
        readonly acr?: string;
        grantIdFor(clientId: string): string | undefined;
      };
      readonly result?: { readonly login?: unknown; readonly consent?: { readonly grantId?: string } };
      readonly entities: {
        readonly AuthorizationCode?: GrantSource;
        readonly RefreshToken?: GrantSource;
      };
    };
  }

  export interface Interaction {
    readonly uid: string;
    readonly prompt: { readonly name: string; readonly reasons: readonly string[] };
    readonly params: Readonly<Record<string, string | undefined>>;
    readonly session?: { readonly accountId?: string };
  }

  export interface InteractionResult {
    readonly login?: { readonly accountId: string; readonly acr: string; readonly amr: readonly string[] };
    readonly consent?: Record<string, never>;
    readonly error?: string;
    readonly error_description?: string;
  }

  export interface Adapter {
    upsert(id: string, payload: AdapterPayload, expiresInSeconds?: number): Promise<void>;
    find(id: string): Promise<AdapterPayload | undefined>;
    findByUid(uid: string): Promise<AdapterPayload | undefined>;
    findByUserCode(userCode: string): Promise<AdapterPayload | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  export interface AdapterPayload {
    uid?: string;
    grantId?: string;
    consumed?: number;
  }

  export class Provider {
    constructor(issuer: string, configuration: Record<string, unknown>);
    readonly issuer: string;
    /** Koa's: believe X-Forwarded-Host and -Proto. */
    proxy: boolean;
    readonly Client: { find(clientId: string): Promise<Client | undefined> };
    readonly Grant: {
      new (properties: { accountId: string; clientId: string }): Grant;
      find(id: string): Promise<Grant | undefined>;
    };
    on(event: 'error', listener: (error: Error) => void): this;
    on(event: string, listener: (context: Context, error: Error) => void): this;
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: InteractionResult,
      options?: { mergeWithLastSubmission?: boolean },
    ): Promise<void>;
  }

  export namespace errors {
    class InvalidTarget extends Error {}
    class SessionNotFound extends Error {}
  }

  export namespace interactionPolicy {
    class Check {
      readonly reason: string;
      constructor(reason: string, description: string, error: string, check: (context: Context) => boolean);
    }
    interface Prompt {
      readonly checks: { add(check: Check): void; remove(reason: string): void };
    }
    interface Policy {
      get(name: 'login' | 'consent'): Prompt;
    }
    function base(): Policy;
  }
}
