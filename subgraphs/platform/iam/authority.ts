import type { Actor } from '../../../kernel/access/actor.js';
import type { AuditRecord, Authority, Decision, Reach, Scope } from '../../../kernel/access/authority.js';
import type { Statement } from '../../../kernel/database/statement-batch.js';
import type { Transaction } from '../../../kernel/database/transaction.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import type { Audit } from '../evidence/index.js';
import type { AccessSnapshot } from './domain/access/access-snapshot.js';
import { type AccessQuestion, type DecisionReason, decideAccess } from './domain/access/decide-access.js';
import { explainDecision } from './domain/access/explain-decision.js';
import { hasNumber, matchesPattern } from './domain/access/permission-set.js';
import { reachOf } from './domain/access/reach-of.js';
import type { PrincipalOrganizations } from './store/access/principal-organizations.js';
import type { SnapshotStore } from './store/access/snapshot-store.js';

/** PostgreSQL's advisory locks have bigint keys: a hash of the name of the lock. */
const SHARED = 'pg_advisory_xact_lock_shared(hashtextextended';
const EXCLUSIVE = 'pg_advisory_xact_lock(hashtextextended';
const PLATFORM = `('iam.access platform', 0))`;
const ORGANIZATION = `('iam.access ' || $1, 0))`;

const PLATFORM_LOCK = {
  shared: { name: 'iam.lock.platform.shared', text: `select ${SHARED}${PLATFORM}` },
  exclusive: { name: 'iam.lock.platform.exclusive', text: `select ${EXCLUSIVE}${PLATFORM}` },
};
const ORGANIZATION_LOCK = {
  shared: { name: 'iam.lock.organization.shared', text: `select ${SHARED}${PLATFORM}, ${SHARED}${ORGANIZATION}` },
  exclusive: {
    name: 'iam.lock.organization.exclusive',
    text: `select ${SHARED}${PLATFORM}, ${EXCLUSIVE}${ORGANIZATION}`,
  },
};

const PLATFORM_REVISION: Statement = {
  name: 'iam.revision.platform',
  text: `select revision::text as revision from iam.access_revisions where scope_id = 'platform'`,
};
const ORGANIZATION_REVISION = {
  name: 'iam.revision.organization',
  text: `select p.revision::text || '.' || coalesce(o.revision, 0)::text as revision
    from iam.access_revisions p left join iam.access_revisions o on o.scope_id = $1 where p.scope_id = 'platform'`,
};

const TOGETHER_LOCK = {
  name: 'iam.lock.together',
  text: `with platform as materialized (select ${SHARED}${PLATFORM})
    select id as organization_id, pg_try_advisory_xact_lock_shared(hashtextextended('iam.access ' || id, 0)) as is_locked
    from platform, unnest($1::text[]) id`,
};
const TOGETHER_REVISIONS = {
  name: 'iam.revision.together',
  text: `select wanted.id as organization_id, p.revision::text || '.' || coalesce(
      (select o.revision from iam.access_revisions o where o.scope_id = wanted.id), 0)::text as revision
    from iam.access_revisions p, unnest((select $1::text[])) wanted (id) where p.scope_id = 'platform'`,
};

const EVERYWHERE: Reach = { isEverywhere: true, organizationIds: [], departmentIds: [], projectIds: [] };

export interface AuthorityOptions {
  readonly snapshots: SnapshotStore;
  readonly organizations: PrincipalOrganizations;
  readonly audit: Audit;
  readonly clock?: () => Date;
}

/** Answers the kernel from snapshots in memory. */
export class IamAuthority implements Authority {
  readonly #options: AuthorityOptions;
  readonly #now: () => number;

  constructor(options: AuthorityOptions) {
    this.#options = options;
    const { clock } = options;
    this.#now = clock === undefined ? Date.now : () => clock().getTime();
  }

  /** The platform's lock first, then the organization's: everybody takes them in this order. */
  lockStatement(organizationId: string | null, mode: 'shared' | 'exclusive' = 'shared'): Statement {
    if (organizationId === null) return PLATFORM_LOCK[mode];
    return { ...ORGANIZATION_LOCK[mode], values: [organizationId] };
  }

  revisionStatement(organizationId: string | null): Statement {
    return organizationId === null ? PLATFORM_REVISION : { ...ORGANIZATION_REVISION, values: [organizationId] };
  }

  lockTogetherStatement(organizationIds: readonly string[]): Statement {
    return { ...TOGETHER_LOCK, values: [organizationIds] };
  }

  revisionsStatement(organizationIds: readonly string[]): Statement {
    return { ...TOGETHER_REVISIONS, values: [organizationIds] };
  }

  async decide(actor: Actor, permission: string, scope: Scope, revision?: string): Promise<Decision> {
    const question = await this.#question(actor, permission, scope, revision);
    if (question === null)
      return new IamDecision({ actor, permission, scope }, { reason: 'STALE_DATA', isScopeVisible: true });
    return new IamDecision(question, decideAccess(question));
  }

  /** Null when access data could not be brought up to date. */
  async #question(
    actor: Actor,
    permission: string,
    scope: Scope,
    revision: string | undefined,
  ): Promise<AccessQuestion | null> {
    const [platformAtLeast, organizationAtLeast] = parseRevision(revision);
    const { snapshots } = this.#options;
    try {
      const platform = snapshots.peek(null, platformAtLeast) ?? (await snapshots.get(null, platformAtLeast));
      if (platform === null) return null;
      const { organizationId } = scope;
      const organization =
        organizationId === null
          ? null
          : (snapshots.peek(organizationId, organizationAtLeast) ??
            (await snapshots.get(organizationId, organizationAtLeast)));
      return { actor, permission, scope, platform, organization, now: this.#now() };
    } catch {
      return null;
    }
  }

  async reach(actor: Actor, permission: string): Promise<Reach> {
    if (actor.kind === 'system') return EVERYWHERE;
    const reach = {
      isEverywhere: false,
      organizationIds: [] as string[],
      departmentIds: [] as string[],
      projectIds: [] as string[],
    };
    if (actor.kind === 'anonymous') return reach;
    const platform = await this.#platform();
    const now = this.#now();
    const scope: Scope = { level: 'platform', id: 'platform', organizationId: null };
    const isEverywhere =
      decideAccess({ actor, permission, scope, platform, organization: null, now }).reason === 'ALLOWED';
    let organizationIds = await this.#organizationsOf(actor);
    if (isEverywhere && actor.organizationIds === '*') {
      const everyone = await this.#options.organizations.allUnlessUnrestricted();
      if (everyone === null) return EVERYWHERE;
      organizationIds = everyone;
    }
    for (const organizationId of organizationIds) {
      const organization = await this.#options.snapshots.get(organizationId);
      if (organization === null) continue;
      const part = reachOf({ actor, permission, platform, organization, now });
      reach.organizationIds.push(...part.organizationIds);
      reach.departmentIds.push(...part.departmentIds);
      reach.projectIds.push(...part.projectIds);
    }
    return reach;
  }

  async holdsAnywhere(actor: Actor, permission: string): Promise<boolean> {
    if (actor.kind === 'system') return true;
    if (actor.kind === 'anonymous') return false;
    if (actor.allowList !== undefined && !matchesPattern(permission, actor.allowList)) return false;
    const snapshots = [await this.#platform()];
    for (const organizationId of await this.#organizationsOf(actor)) {
      const organization = await this.#options.snapshots.get(organizationId);
      if (organization !== null) snapshots.push(organization);
    }
    const now = this.#now();
    return snapshots.some((snapshot) => holdsIn(snapshot, actor.id, permission, now));
  }

  async #platform(): Promise<AccessSnapshot> {
    const platform = this.#options.snapshots.peek(null) ?? (await this.#options.snapshots.get(null));
    if (platform === null) throw new Error('the platform has no access data');
    return platform;
  }

  /** Organizations where the actor's own bindings are; one that may meet all rows still has bindings in few. */
  async #organizationsOf(actor: Actor): Promise<readonly string[]> {
    if (actor.organizationIds !== '*') return actor.organizationIds;
    return this.#options.organizations.membershipsOf(actor.id);
  }

  audit(tx: Transaction, record: AuditRecord): string {
    return this.#options.audit.append(tx, record);
  }

  onAccessChange(listener: (organizationId: string | null) => void): () => void {
    return this.#options.snapshots.onChange(listener);
  }
}

function holdsIn(snapshot: AccessSnapshot, principalId: string, permission: string, now: number): boolean {
  const number = snapshot.catalogue.index.numberOf(permission);
  const { allow, timed } = snapshot.grantsOf(principalId);
  for (const bits of allow.values()) if (hasNumber(bits, number)) return true;
  return timed.some((grant) => !grant.isDeny && grant.expiresAt > now && hasNumber(grant.bits, number));
}

function parseRevision(revision: string | undefined): [bigint | undefined, bigint | undefined] {
  if (revision === undefined) return [undefined, undefined];
  const [platform, organization] = revision.split('.');
  return [
    platform === undefined ? undefined : BigInt(platform),
    organization === undefined ? undefined : BigInt(organization),
  ];
}

/** A decision in the kernel's words; identifier and explanation are made only when somebody looks. */
class IamDecision implements Decision {
  readonly permission: string;
  readonly scope: Scope;
  readonly reason: DecisionReason;
  readonly isScopeVisible: boolean;
  readonly #question: AccessQuestion | Pick<AccessQuestion, 'actor' | 'permission' | 'scope'>;
  #id: string | undefined;

  constructor(
    question: AccessQuestion | Pick<AccessQuestion, 'actor' | 'permission' | 'scope'>,
    verdict: { reason: DecisionReason; isScopeVisible: boolean },
  ) {
    this.permission = question.permission;
    this.scope = question.scope;
    this.reason = verdict.reason;
    this.isScopeVisible = verdict.isScopeVisible;
    this.#question = question;
  }

  get id(): string {
    this.#id ??= newId('dec');
    return this.#id;
  }

  get isAllowed(): boolean {
    return this.reason === 'ALLOWED';
  }

  get revision(): string {
    if (!('platform' in this.#question)) return '0';
    const { platform, organization } = this.#question;
    return organization === null ? platform.revision.toString() : `${platform.revision}.${organization.revision}`;
  }

  get message(): string {
    if (!('platform' in this.#question))
      return 'Access data could not be brought up to date, so the answer is no; try again shortly.';
    return explainDecision(this.#question, this.reason).message;
  }

  get explanation(): Readonly<Record<string, unknown>> {
    if (!('platform' in this.#question)) return {};
    return explainDecision(this.#question, this.reason).facts;
  }
}
