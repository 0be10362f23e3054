import type { Actor } from '../../../kernel/access/actor.js';
import type { Authority, Scope } from '../../../kernel/access/authority.js';
import type { Transaction } from '../../../kernel/database/transaction.js';
import type { Outcome } from '../../../kernel/errors/refusal.js';
import type { Subgraph } from '../../../kernel/subgraph.js';

/** A project with its place in the hierarchy. */
export interface ProjectPlace {
  readonly projectId: string;
  readonly departmentId: string;
  readonly organizationId: string;
  readonly name: string;
  /** False once archived: nothing new may start in it. */
  readonly isActive: boolean;
  /** The project as a scope of decisions. */
  readonly scope: Scope;
}

/** Answers who and where, from memory; never older than the access revision it is asked at. */
export interface Directory {
  /** Null when the project does not exist. */
  project(projectId: string): Promise<ProjectPlace | null>;
  organization(
    organizationId: string,
  ): Promise<{ organizationId: string; name: string; isActive: boolean; scope: Scope } | null>;
  /**
   * Public keys (OpenSSH format) by their ids; unknown ones and those the owner removed are missing from the answer. A
   * person's key has no organization; a service account's may be used in its own only.
   */
  sshPublicKeys(
    tx: Transaction,
    sshKeyIds: readonly string[],
  ): Promise<{ id: string; ownerId: string; organizationId: string | null; publicKey: string }[]>;
  /** The project that an API key acts in; null when there is no such key, or it was revoked. */
  projectOfApiKey(tx: Transaction, apiKeyId: string): Promise<string | null>;
}

export interface QuotaHoldRequest {
  readonly projectId: string;
  readonly principalId: string;
  /** A registered quota dimension, such as `gpus`. */
  readonly dimension: string;
  readonly amount: bigint;
  /** Names what the quota is for; a second hold with the same reference and dimension answers the first. */
  readonly reference: string;
  /** The hold is given back by itself after this time unless it is committed. */
  readonly ttlSeconds: number;
}

/** Amounts of several dimensions under one reference; each dimension is named once. */
export interface QuotaHoldsRequest extends Omit<QuotaHoldRequest, 'dimension' | 'amount'> {
  readonly amounts: readonly { readonly dimension: string; readonly amount: bigint }[];
}

/** Hold, commit, release over the tree organization → department → project → principal, in the caller's transaction. */
export interface Quotas {
  /** Refuses with QUOTA_EXCEEDED (details: dimension, scope that limits, limit, used, held, remaining). */
  hold(tx: Transaction, request: QuotaHoldRequest): Promise<Outcome<{ holdId: string }>>;
  /** As `hold`, for several dimensions in one statement: all of them are held, in the order of asking, or none. */
  holdAll(tx: Transaction, request: QuotaHoldsRequest): Promise<Outcome<{ holdIds: readonly string[] }>>;
  /**
   * As `holdAll` for each request in turn, mostly in one statement for all. One that is refused holds nothing, and does
   * not count for those after it. Takes the locks of all organizations at once, in one order for everybody.
   */
  holdTogether(
    tx: Transaction,
    requests: readonly QuotaHoldsRequest[],
  ): Promise<readonly Outcome<{ holdIds: readonly string[] }>[]>;
  /** Makes a hold durable: it counts until it is released. Refuses an expired one. */
  commit(tx: Transaction, reference: string, dimension: string): Promise<Outcome<null>>;
  /** Gives everything under a reference back; nothing happens when there is nothing. */
  release(tx: Transaction, reference: string): Promise<void>;
}

/** What is in force, and where it came from. */
export interface PolicyInForce {
  readonly value: string | number | boolean | readonly string[];
  readonly isDenied: boolean;
  readonly source: Scope;
}

/** Policy values: the most specific wins inside its ancestors' bounds; a hard deny at any ancestor is absolute. */
export interface Policies {
  /** The effective value and where it came from. Throws for an undefined key. */
  value(tx: Transaction, key: string, scope: Scope): Promise<PolicyInForce>;
  /** As `value`, for several scopes in one statement; answers in their order. */
  valuesAt(tx: Transaction, key: string, scopes: readonly Scope[]): Promise<readonly PolicyInForce[]>;
}

/** Secrets at rest: sealed under the master key (envelope encryption); only references travel. */
export interface Secrets {
  seal(
    tx: Transaction,
    secret: { organizationId: string | null; purpose: string; plaintext: string },
  ): Promise<{ secretId: string }>;
  /** Null when it was destroyed. */
  open(tx: Transaction, secretId: string): Promise<string | null>;
  destroy(tx: Transaction, secretId: string): Promise<void>;
}

export interface RequestOrigin {
  readonly ip?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly correlationId: string;
}

/** Something that a credential hangs on counts no more; an account or a person may come back. */
export interface CredentialRevocation {
  readonly subjectType: 'token' | 'session' | 'api_key' | 'service_account_key' | 'service_account' | 'user';
  readonly subjectId: string;
}

/** Turns credentials into actors. Fails closed: TOKEN_INVALID, TOKEN_EXPIRED, UNAUTHENTICATED. */
export interface Credentials {
  /** `Bearer` value: an OIDC access token of the configured issuer, a platform token, or an API key. */
  authenticate(bearer: string, origin: RequestOrigin): Promise<Actor>;
  /** Hears of each revocation within a second, whoever made it, possibly more than once. Gives what stops it. */
  onRevocation(listener: (revocation: CredentialRevocation) => void): () => void;
  /** Data plane only: an API key from memory, no database; null when unknown, expired or revoked. */
  apiKey(key: string): Promise<{ actor: Actor; apiKeyId: string; projectId: string; organizationId: string } | null>;
}

export interface Iam {
  readonly subgraph: Subgraph;
  readonly authority: Authority;
  readonly directory: Directory;
  readonly quotas: Quotas;
  readonly policies: Policies;
  readonly secrets: Secrets;
  readonly credentials: Credentials;
}
