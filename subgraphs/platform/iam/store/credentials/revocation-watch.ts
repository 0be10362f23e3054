import { PlatformError } from '../../../../../kernel/errors/platform-error.js';
import type { Kernel } from '../../../../../kernel/kernel.js';
import { REVOKING_EVENTS } from '../../domain/credentials/credential-events.js';
import type { Revocation, RevocationSubject } from './revocations.js';

/** How often the table is read though no event came by: the bound on hearing of a revocation, sequencer or not. */
const POLL_MILLISECONDS = 500;
/** After this long without a successful look, nothing is accepted from memory any more. */
const STALE_MILLISECONDS = 10_000;
const EVENTS_PER_LOOK = 1000;

interface RevocationRow {
  readonly [column: string]: unknown;
  readonly horizon: string;
  readonly subject_type: RevocationSubject | null;
  readonly subject_id: string | null;
  readonly forget_at: Date | null;
}

type Services = Pick<Kernel, 'database' | 'feed' | 'logger'>;

/**
 * Knows in memory what was revoked. It looks when an event of revocation comes by (milliseconds) and every half second
 * (the bound, also when no sequencer runs). Each look asks for what was written since the oldest transaction that was
 * open at the last one, so a slow commit is not missed.
 */
export class RevocationWatch {
  readonly #services: Services;
  readonly #revoked = new Map<string, number>();
  readonly #listeners = new Set<(revocation: Revocation) => void>();
  readonly #stopping = new AbortController();
  #horizon = '0';
  #freshUntil = 0;
  #looking: Promise<void> | undefined;
  #following: Promise<void> | undefined;

  constructor(services: Services) {
    this.#services = services;
  }

  /** True when a token, session or key was revoked. Accounts and people are not asked for here: their rows say it. */
  isRevoked(subjectId: string): boolean {
    return this.#revoked.has(subjectId);
  }

  /** Hears of each revocation, possibly more than once: caches drop what they hold of the subject. */
  onRevocation(listener: (revocation: Revocation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Throws UNAVAILABLE when this process may have missed a revocation. */
  assertFresh(): void {
    if (Date.now() <= this.#freshUntil) return;
    throw new PlatformError(
      'UNAVAILABLE',
      'Credentials cannot be checked against revocations at the moment; try again shortly.',
    );
  }

  async start(): Promise<void> {
    await this.look();
    this.#following ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }

  /** Reads what is new. Callers that come while a look runs wait for the next one, which sees their commit. */
  async look(): Promise<void> {
    const previous = this.#looking;
    const look = (async () => {
      await previous?.catch(() => {});
      await this.#read();
    })();
    this.#looking = look;
    try {
      await look;
    } finally {
      if (this.#looking === look) this.#looking = undefined;
    }
  }

  async #read(): Promise<void> {
    const startedAt = Date.now();
    const rows = await this.#services.database.read('system', (tx) =>
      tx.prepared<RevocationRow>(
        'iam.revocations.follow',
        `select horizon.xmin::text as horizon, r.subject_type, r.subject_id, r.forget_at
         from (select pg_snapshot_xmin(pg_current_snapshot()) as xmin) horizon
         left join iam.revocations r on r.xid >= $1::xid8 and r.forget_at > now()`,
        [this.#horizon],
      ),
    );
    for (const row of rows) this.#apply(row);
    this.#horizon = rows[0]?.horizon ?? this.#horizon;
    this.#freshUntil = startedAt + STALE_MILLISECONDS;
    for (const [id, forgetAt] of this.#revoked) if (forgetAt < startedAt) this.#revoked.delete(id);
  }

  #apply(row: RevocationRow): void {
    if (row.subject_type === null || row.subject_id === null || row.forget_at === null) return;
    const revocation = { subjectType: row.subject_type, subjectId: row.subject_id };
    // An account or a person may come back, so they are not kept as revoked: whoever caches them reads their row again.
    const isFinal = revocation.subjectType !== 'service_account' && revocation.subjectType !== 'user';
    if (isFinal) this.#revoked.set(revocation.subjectId, row.forget_at.getTime());
    for (const listener of this.#listeners) listener(revocation);
  }

  async #follow(): Promise<void> {
    const { feed, logger } = this.#services;
    let position = feed.head;
    let isFailing = false;
    while (!this.#stopping.signal.aborted) {
      position = await this.#rest(position);
      if (this.#stopping.signal.aborted) return;
      try {
        await this.look();
        isFailing = false;
      } catch (error) {
        if (!isFailing)
          logger.warn({ err: error }, 'revocations cannot be read; credentials are refused if this lasts');
        isFailing = true;
      }
    }
  }

  /** Waits for an event of revocation, or the time. Answers the position that was looked at. */
  async #rest(from: bigint): Promise<bigint> {
    const { feed } = this.#services;
    const signal = AbortSignal.any([AbortSignal.timeout(POLL_MILLISECONDS), this.#stopping.signal]);
    let position = from;
    while (!signal.aborted) {
      if (feed.isClosed) return aborted(signal, position);
      const { events, through } = await feed.readAfter(position, { types: REVOKING_EVENTS }, EVENTS_PER_LOOK);
      position = through;
      if (events.length > 0) return position;
      await feed.waitBeyond(position, signal);
    }
    return position;
  }
}

async function aborted(signal: AbortSignal, position: bigint): Promise<bigint> {
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  return position;
}
