import type { Actor, AssuranceLevel } from '../../../../../kernel/access/actor.js';
import type { Database } from '../../../../../kernel/database/database.js';
import type { Kernel } from '../../../../../kernel/kernel.js';
import type { Logger } from '../../../../../kernel/telemetry/logger.js';
import { systemActor } from '../../../../../kernel/access/actor.js';
import type { RequestOrigin } from '../../contract.js';
import { assuranceLevel } from '../../domain/credentials/assurance.js';
import { registerUser } from '../../usecases/credentials/register-user.js';
import { startSession } from '../../usecases/credentials/start-session.js';
import { LoadingCache } from './loading-cache.js';
import type { RevocationWatch } from './revocation-watch.js';
import type { PersonClaims } from './token-claims.js';

export interface Person {
  readonly id: string;
  readonly displayName: string;
  readonly isDisabled: boolean;
}

export interface Session {
  readonly id: string;
  readonly isRevoked: boolean;
}

const PEOPLE_MAXIMUM = 20_000;
const TTL_MILLISECONDS = 60_000;

const SEE_SESSION = `update iam.account_sessions set last_seen_at = now(), latest_token_id = $2, assurance = $3,
    authentication_context = $4, authentication_methods = $5,
    authenticated_at = coalesce(to_timestamp($6::double precision), authenticated_at),
    expires_at = greatest(expires_at, to_timestamp($7::double precision))
  where id = $1`;

/** The e-mail address as an attribute, and only when the provider says that it checked it: invitations go by it. */
function verifiedEmail(claims: PersonClaims): string | null {
  return claims.email_verified === true && claims.email !== undefined ? claims.email : null;
}

function nameOf(claims: PersonClaims): string | null {
  return claims.name ?? claims.preferred_username ?? verifiedEmail(claims);
}

/** One session of the provider is one of ours; without `sid` the moment of sign-in names it. */
export function providerSessionOf(claims: PersonClaims): string {
  return claims.sid ?? `signed-in-at:${claims.auth_time ?? claims.iat}`;
}

/** People and their sessions, cached. The first token of a person makes the person, the first of a session the session. */
export class People {
  readonly #database: Database;
  readonly #pipeline: Kernel['pipeline'];
  readonly #logger: Logger;
  readonly #writes = new Set<Promise<unknown>>();
  readonly #issuer: string;
  readonly #people = new LoadingCache<Person>({ max: PEOPLE_MAXIMUM, ttlMilliseconds: TTL_MILLISECONDS });
  readonly #sessions = new LoadingCache<Session>({ max: PEOPLE_MAXIMUM, ttlMilliseconds: TTL_MILLISECONDS });

  constructor(kernel: Pick<Kernel, 'database' | 'pipeline' | 'logger'>, watch: RevocationWatch, issuer: string) {
    this.#database = kernel.database;
    this.#pipeline = kernel.pipeline;
    this.#logger = kernel.logger;
    this.#issuer = issuer;
    watch.onRevocation(({ subjectType }) => {
      if (subjectType === 'user') this.#people.clear();
      if (subjectType === 'session') this.#sessions.clear();
    });
  }

  /** The person of a verified token. */
  async person(claims: PersonClaims, correlationId: string): Promise<Person> {
    return this.#people.get(claims.sub, () => this.#loadPerson(claims, correlationId));
  }

  async #loadPerson(claims: PersonClaims, correlationId: string): Promise<Person> {
    const known = await this.#findPerson(claims.sub);
    if (known !== null) return known;
    const input = {
      issuer: this.#issuer,
      subject: claims.sub,
      email: verifiedEmail(claims),
      displayName: nameOf(claims),
    };
    await this.#pipeline.execute(registerUser, input, { actor: systemActor('iam.sign-in'), correlationId });
    const made = await this.#findPerson(claims.sub);
    if (made === null) throw new Error('a registered person cannot be found');
    return made;
  }

  async #findPerson(subject: string): Promise<Person | null> {
    const rows = await this.#database.read('system', (tx) =>
      tx.prepared<Person & Record<string, unknown>>(
        'iam.person.find',
        `select id, display_name as "displayName", is_disabled as "isDisabled" from iam.users
         where oidc_issuer = $1 and oidc_subject = $2`,
        [this.#issuer, subject],
      ),
    );
    return rows[0] ?? null;
  }

  /** The session of a verified token. A step-up is a new entry, and told to the session's row. */
  async session(person: Person, actor: Actor, claims: PersonClaims, origin: RequestOrigin): Promise<Session> {
    const key = `${person.id} ${providerSessionOf(claims)} ${actor.assurance} ${claims.auth_time ?? 0}`;
    return this.#sessions.get(key, () => this.#loadSession(person, actor, claims, origin));
  }

  async #loadSession(person: Person, actor: Actor, claims: PersonClaims, origin: RequestOrigin): Promise<Session> {
    const known = await this.#findSession(person.id, claims);
    if (known !== null) {
      this.#noteSeen(known.id, actor.assurance, claims);
      return known;
    }
    const input = {
      userId: person.id,
      providerSessionId: providerSessionOf(claims),
      tokenId: claims.jti ?? null,
      assurance: actor.assurance,
      authenticationContext: claims.acr ?? null,
      authenticationMethods: claims.amr ?? [],
      authenticatedAt: claims.auth_time ?? null,
      expiresAt: claims.exp,
      email: verifiedEmail(claims),
      displayName: nameOf(claims),
    };
    const result = await this.#pipeline.execute(startSession, input, { actor, correlationId: origin.correlationId });
    if (!result.ok) throw new Error(`a session was refused: ${result.refusals[0]?.message}`);
    // The sign-in may have brought a new name.
    this.#people.evict(claims.sub);
    return { id: result.value.id, isRevoked: result.value.isRevoked };
  }

  async #findSession(userId: string, claims: PersonClaims): Promise<Session | null> {
    const rows = await this.#database.read('system', (tx) =>
      tx.prepared<{ id: string; revoked_at: Date | null }>(
        'iam.session.find',
        `select id, revoked_at from iam.account_sessions
         where user_id = $1 and provider = 'oidc' and provider_session_id = $2`,
        [userId, providerSessionOf(claims)],
      ),
    );
    const row = rows[0];
    return row === undefined ? null : { id: row.id, isRevoked: row.revoked_at !== null };
  }

  /**
   * Notes that the session was seen, while the request goes on. The cache keeps a session for a minute, so this is
   * written at most once a minute for each session and process; it is no command, for it says nothing but "still there".
   */
  #noteSeen(sessionId: string, assurance: AssuranceLevel, claims: PersonClaims): void {
    const values = [
      sessionId,
      claims.jti ?? null,
      assurance,
      claims.acr ?? null,
      claims.amr ?? [],
      claims.auth_time ?? null,
      claims.exp,
    ];
    const write = this.#database
      .transaction('system', (tx) => tx.prepared('iam.session.see', SEE_SESSION, values))
      .catch((error: unknown) =>
        this.#logger.debug({ err: error, sessionId }, 'the last sight of a session was not written'),
      )
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }

  /** Waits for what is still being written. */
  async stop(): Promise<void> {
    await Promise.all(this.#writes);
  }
}

/** The actor of a person's verified token, before the session is known. */
export function personActor(
  person: Person,
  claims: PersonClaims,
  facts: { organizationIds: readonly string[] | '*'; origin: RequestOrigin },
): Actor {
  const { ip, userAgent } = facts.origin;
  return {
    kind: 'human',
    id: person.id,
    displayName: person.displayName,
    organizationIds: facts.organizationIds,
    assurance: assuranceLevel(claims.acr, claims.amr),
    expiresAt: claims.exp,
    ...(claims.auth_time !== undefined && { authenticatedAt: claims.auth_time }),
    ...(claims.jti !== undefined && { credentialId: claims.jti }),
    ...(ip !== undefined && { ip }),
    ...(userAgent !== undefined && { userAgent }),
  };
}
