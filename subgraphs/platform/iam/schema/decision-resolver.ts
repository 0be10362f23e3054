import { Arg, Ctx, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import type { Scope } from '../../../../kernel/access/authority.js';
import type { Database } from '../../../../kernel/database/database.js';
import { PlatformError } from '../../../../kernel/errors/platform-error.js';
import { Cost, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { JsonObject } from '../../../../kernel/graphql/scalars.js';
import type { SnapshotStore } from '../store/access/snapshot-store.js';
import { findScope } from '../usecases/find-scope.js';
import { ScopeLevelEnum } from './access-enums.js';

@ObjectType({ description: 'An access decision, with its reason: why the caller may, or may not.' })
@Tag('public')
export class AccessDecision {
  @Field(() => ID, { description: 'Names this decision in errors and audit records.' })
  id!: string;
  @Field(() => Boolean, { description: 'Whether the caller may.' })
  isAllowed!: boolean;
  @Field(() => String, { description: 'The permission that was asked for.' })
  permission!: string;
  @Field(() => ScopeLevelEnum, {
    description: 'Where in the hierarchy it counts: platform, organization, department or project.',
  })
  scopeLevel!: string;
  @Field(() => ID, { description: '`platform`, or the TypeID of an organization, department or project.' })
  scopeId!: string;
  @Field(() => String, {
    description:
      '`ALLOWED`, `NO_BINDING`, `EXPIRED_BINDING`, `DENIED`, `GUARDRAIL`, `PROJECT_BOUNDARY`, `ALLOW_LIST`, `STEP_UP_REQUIRED`, `REVOKED`, `ORGANIZATION_SUSPENDED` or `STALE_DATA`.',
  })
  reason!: string;
  @Field(() => String, { description: 'A sentence that says what would help; empty when allowed.' })
  message!: string;
  @Field(() => String, { description: 'Revision of the access data that was decided on.' })
  revision!: string;
  @Field(() => JsonObject, {
    nullable: true,
    description: 'What granted it, or the nearest miss and its remedy; only what the caller may know.',
  })
  explanation!: Record<string, unknown> | null;
}

@Resolver()
export class DecisionResolver {
  readonly #database: Database;
  readonly #snapshots: SnapshotStore;

  constructor(database: Database, snapshots: SnapshotStore) {
    this.#database = database;
    this.#snapshots = snapshots;
  }

  @Query(() => AccessDecision, { description: 'Why the caller may, or may not. The same engine that decides.' })
  @Tag('public')
  async accessDecision(
    @Arg('permission', () => String, { description: '`<domain>.<resource>.<verb>`.' }) permission: string,
    @Arg('scopeId', () => ID, { description: '`platform`, an organization, a department or a project.' })
    scopeId: string,
    @Ctx() context: RequestContext,
  ): Promise<AccessDecision> {
    context.requireSignIn();
    const scope = await this.#scope(scopeId);
    const decision = await context.decide(permission, scope);
    // A scope that the caller may not know of looks like one that does not exist.
    if (!decision.isScopeVisible) throw unknownScope();
    const { id, isAllowed, reason, message, revision, explanation } = decision;
    return {
      id,
      isAllowed,
      permission,
      scopeLevel: scope.level,
      scopeId,
      reason,
      message,
      revision,
      explanation: explanation ?? null,
    };
  }

  @Query(() => [String], {
    description: 'Every permission that the caller has at a scope now: what a portal shows or greys out.',
  })
  @Tag('public')
  @ListSize({ assumedSize: 100 })
  @Cost(10)
  async viewerPermissions(
    @Arg('scopeId', () => ID, { description: '`platform`, an organization, a department or a project.' })
    scopeId: string,
    @Ctx() context: RequestContext,
  ): Promise<string[]> {
    context.requireSignIn();
    const scope = await this.#scope(scopeId);
    const names = this.#snapshots.catalogue.index.names;
    const allowed = await Promise.all(names.map((permission) => context.can(permission, scope)));
    return names.filter((_name, index) => allowed[index]).sort();
  }

  async #scope(scopeId: string): Promise<Scope> {
    const scope = await this.#database.read('system', (tx) =>
      findScope({ row: (text, values) => tx.row(text, values) }, scopeId),
    );
    if (scope === null) throw unknownScope();
    return scope;
  }
}

function unknownScope(): PlatformError {
  return new PlatformError('NOT_FOUND', 'There is no such scope.', { field: ['scopeId'] });
}
