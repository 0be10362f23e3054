import { Arg, Ctx, Field, ID, InputType, ObjectType, Query, Resolver } from 'type-graphql';
import type { Database } from '../../../../kernel/database/database.js';
import { PlatformError } from '../../../../kernel/errors/platform-error.js';
import { Access, Cost, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { type BindingEffect, EVERYONE } from '../domain/access/access-facts.js';
import { type AccessPreview, previewChange } from '../domain/access/preview-change.js';
import type { SnapshotStore } from '../store/access/snapshot-store.js';
import { READ_BINDING } from '../store/grant-queries.js';
import { findScope } from '../usecases/find-scope.js';
import { findRole } from '../usecases/role-bindings/find-role.js';
import { BindingEffectEnum } from './access-enums.js';

@InputType({
  description: 'A change of role bindings to look at before it is made: a binding to add, one to revoke, or both.',
})
export class RoleBindingPreviewInput {
  @Field(() => ID, { description: 'An organization, department or project.' })
  scopeId!: string;
  @Field(() => ID, { nullable: true, description: 'Who would be bound; absent for a guardrail.' })
  principalId?: string;
  @Field(() => String, { nullable: true, description: 'The role to bind: name of a built-in one, or identifier.' })
  role?: string;
  @Field(() => BindingEffectEnum, {
    nullable: true,
    description: 'Whether it would give, take or limit; `ALLOW` when absent.',
  })
  effect?: BindingEffect;
  @Field(() => ID, { nullable: true, description: 'A binding of the same organization that would be revoked.' })
  revokeBindingId?: string;
}

@ObjectType({ description: 'A permission, and the scopes at which it would come or go.' })
@Tag('public')
export class PermissionChange {
  @Field(() => String, { description: '`<domain>.<resource>.<verb>`.' })
  permission!: string;
  @Field(() => [ID], { description: 'TypeIDs of the organizations, departments or projects where it changes.' })
  scopeIds!: string[];
}

@ObjectType({ description: 'What one person or service account would gain and lose.' })
@Tag('public')
export class PrincipalAccessChange {
  @Field(() => ID, { description: 'The user or service account.' })
  principalId!: string;
  @Field(() => [PermissionChange], { description: 'What it would have and has not now.' })
  @ListSize({ assumedSize: 20 })
  gains!: PermissionChange[];
  @Field(() => [PermissionChange], { description: 'What it has and would not have.' })
  @ListSize({ assumedSize: 20 })
  losses!: PermissionChange[];
}

@ObjectType({ description: 'Who would gain and who would lose what.' })
@Tag('public')
export class RoleBindingPreview {
  @Field(() => [PrincipalAccessChange], { description: 'Everybody for whom something would change.' })
  changes!: PrincipalAccessChange[];
  @Field(() => Boolean, {
    description: 'True when more than 50 principals or 50 scopes were concerned, and only those were looked at.',
  })
  isTruncated!: boolean;
}

@Resolver()
export class PreviewResolver {
  readonly #database: Database;
  readonly #snapshots: SnapshotStore;

  constructor(database: Database, snapshots: SnapshotStore) {
    this.#database = database;
    this.#snapshots = snapshots;
  }

  @Query(() => RoleBindingPreview, {
    description: 'Exactly who would gain and lose what, by the engine that decides. Changes nothing.',
  })
  @Tag('public')
  @Access(READ_BINDING)
  @ListSize({ assumedSize: 50, sizedFields: ['changes'] })
  @Cost(50)
  async roleBindingPreview(
    @Arg('input', () => RoleBindingPreviewInput, { description: 'The change.' }) input: RoleBindingPreviewInput,
    @Ctx() context: RequestContext,
  ): Promise<AccessPreview> {
    context.requireSignIn();
    const { scope, roleId } = await this.#find(input);
    // Bindings anywhere in the organization count, so reading them there is what it takes.
    await context.require(READ_BINDING, {
      level: 'organization',
      id: scope.organizationId ?? '',
      organizationId: scope.organizationId,
    });
    const platform = await this.#snapshots.get(null);
    const organization = await this.#snapshots.get(scope.organizationId);
    if (platform === null || organization === null) throw new PlatformError('NOT_FOUND', 'There is no such scope.');
    const effect = input.effect ?? 'allow';
    const principalId = effect === 'guardrail' ? EVERYONE : (input.principalId ?? '');
    const add =
      roleId === null ? null : { id: 'preview', scopeId: scope.id, principalId, roleId, effect, expiresAt: null };
    return previewChange({ platform, organization, add, removeId: input.revokeBindingId ?? null, now: Date.now() });
  }

  async #find(input: RoleBindingPreviewInput) {
    return this.#database.read('system', async (tx) => {
      const scope = await findScope({ row: (text, values) => tx.row(text, values) }, input.scopeId);
      if (scope === null || scope.organizationId === null)
        throw new PlatformError('NOT_FOUND', 'There is no such organization, department or project.');
      if (input.role == null) return { scope, roleId: null };
      const role = await findRole(tx, input.role, scope);
      if (!role.ok)
        throw new PlatformError('BAD_USER_INPUT', role.refusals[0]?.message ?? 'The role cannot be bound here.', {
          field: ['input', 'role'],
        });
      return { scope, roleId: role.value.id };
    });
  }
}
