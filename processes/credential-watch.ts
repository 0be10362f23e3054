import type { StreamLease } from '../gateway/index.js';
import type { Actor } from '../kernel/access/actor.js';
import { PlatformError } from '../kernel/errors/platform-error.js';
import type { CredentialRevocation } from '../subgraphs/platform/iam/index.js';

/** The open streams of one credential. */
interface Watched {
  readonly actor: Actor;
  readonly ending: AbortController;
  leases: number;
}

/** Authenticates again; throws when the credential counts no more. */
type Recheck = () => Promise<unknown>;

const WHAT_WAS_REVOKED: Readonly<Record<CredentialRevocation['subjectType'], string>> = {
  token: 'The token was revoked.',
  session: 'The session was ended.',
  api_key: 'The API key was revoked.',
  service_account_key: 'The key of the service account was revoked.',
  service_account: 'The service account was disabled.',
  user: 'The account was disabled.',
};

/**
 * Ends streams whose credential was revoked while they run, wherever that was done. When something is revoked that a
 * credential may hang on, the credential is checked again as at the door: what it answers decides.
 */
export class CredentialWatch {
  readonly #rechecks = new WeakMap<Actor, Recheck>();
  readonly #watched = new Map<Actor, Watched>();
  readonly #stop: () => void;

  constructor(onRevocation: (listener: (revocation: CredentialRevocation) => void) => () => void) {
    this.#stop = onRevocation((revocation) => this.#revoked(revocation));
  }

  /** Keeps how an actor came about for as long as it is used. */
  remember(actor: Actor, recheck: Recheck): void {
    this.#rechecks.set(actor, recheck);
  }

  /** Undefined for an actor without a credential. */
  lease(actor: Actor): StreamLease | undefined {
    if (!this.#rechecks.has(actor)) return undefined;
    let watched = this.#watched.get(actor);
    if (!watched) {
      this.#watched.set(actor, (watched = { actor, ending: new AbortController(), leases: 0 }));
      // It may have been revoked since it was authenticated, on a socket that is open for long.
      void this.#recheck(watched, undefined);
    }
    watched.leases += 1;
    const leased = watched;
    return {
      signal: leased.ending.signal,
      release: () => {
        leased.leases -= 1;
        if (leased.leases === 0) this.#watched.delete(actor);
      },
    };
  }

  close(): void {
    this.#stop();
  }

  #revoked(revocation: CredentialRevocation): void {
    for (const watched of this.#watched.values())
      if (mayHangOn(watched.actor, revocation)) void this.#recheck(watched, revocation.subjectType);
  }

  async #recheck({ actor, ending }: Watched, what: CredentialRevocation['subjectType'] | undefined): Promise<void> {
    try {
      await this.#rechecks.get(actor)?.();
    } catch (error) {
      const isRevoked = error instanceof PlatformError && error.code === 'TOKEN_INVALID';
      ending.abort(
        isRevoked && what ? new PlatformError(error.code, WHAT_WAS_REVOKED[what], { revoked: what }) : error,
      );
    }
  }
}

/** An actor does not name the key that its token was made with: any key of an account may be it. */
function mayHangOn(actor: Actor, { subjectType, subjectId }: CredentialRevocation): boolean {
  if (subjectType === 'service_account_key') return actor.kind === 'service_account';
  return subjectId === actor.id || subjectId === actor.credentialId || subjectId === actor.sessionId;
}
