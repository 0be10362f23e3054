import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { Cost, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import type { AccessFacts, BindingFact } from '../domain/access/access-facts.js';
import { builtInRole } from '../domain/access/built-in-roles.js';
import { principalTypeOf } from '../domain/scope-level.js';
import { READ_BINDING, projectQuotasLoader } from '../store/grant-queries.js';
import type { SnapshotStore } from '../store/access/snapshot-store.js';
import {
  departmentLoader,
  listDepartments,
  listOrganizations,
  listProjects,
  organizationLoader,
  projectLoader,
  projectScope,
} from '../store/hierarchy-queries.js';
import type { ProjectState } from '../domain/project-lifecycle.js';
import { ProjectStateEnum } from './access-enums.js';
import { Quota, toQuota } from './grant-types.js';
import {
  Department,
  DepartmentConnection,
  Organization,
  OrganizationConnection,
  toDepartment,
  toOrganization,
} from './organization-type.js';
import { EffectiveGrant, Project, ProjectConnection, toProject } from './project-type.js';

export const PAGE = {
  assumedSize: 20,
  slicingArguments: ['first', 'last'],
  sizedFields: ['nodes', 'edges'],
  requireOneSlicingArgument: false,
};

@ArgsType()
class DepartmentsArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only departments of this organization.' })
  organizationId?: string;
}

@ArgsType()
class ProjectsArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only projects of this organization.' })
  organizationId?: string;
  @Field(() => ID, { nullable: true, description: 'Only projects of this department.' })
  departmentId?: string;
  @Field(() => ProjectStateEnum, { nullable: true, description: 'Only projects in this state.' })
  state?: ProjectState;
}

type Reference = { readonly [key: string]: unknown };

export async function resolveOrganization(reference: Reference, context: RequestContext): Promise<Organization | null> {
  const row = await context.load(organizationLoader, String(reference.id));
  return row === null ? null : toOrganization(row);
}

export async function resolveDepartment(reference: Reference, context: RequestContext): Promise<Department | null> {
  const row = await context.load(departmentLoader, String(reference.id));
  return row === null ? null : toDepartment(row);
}

export async function resolveProject(reference: Reference, context: RequestContext): Promise<Project | null> {
  const row = await context.load(projectLoader, String(reference.id));
  return row === null ? null : toProject(row);
}

@Resolver(() => Organization)
export class OrganizationResolver {
  @Query(() => OrganizationConnection, { description: 'Organizations that the caller may read, newest first.' })
  @Tag('public')
  @ListSize(PAGE)
  async organizations(
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<Organization>> {
    return toConnection(await listOrganizations(context, page), toOrganization);
  }

  @Query(() => Organization, {
    nullable: true,
    description: 'One organization; null when there is none, or the caller may not read it.',
  })
  @Tag('public')
  async organization(
    @Arg('id', () => ID, { description: 'The organization.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<Organization | null> {
    context.requireSignIn();
    return resolveOrganization({ id }, context);
  }
}

@Resolver(() => Department)
export class DepartmentResolver {
  @Query(() => DepartmentConnection, { description: 'Departments that the caller may read, newest first.' })
  @Tag('public')
  @ListSize(PAGE)
  async departments(
    @Args(() => DepartmentsArgs) args: DepartmentsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<Department>> {
    return toConnection(await listDepartments(context, args), toDepartment);
  }

  @FieldResolver(() => Organization, { nullable: true, description: 'The organization that it is a part of.' })
  async organization(@Root() department: Department, @Ctx() context: RequestContext): Promise<Organization | null> {
    return resolveOrganization({ id: department.organizationId }, context);
  }
}

@Resolver(() => Project)
export class ProjectResolver {
  readonly #snapshots: SnapshotStore;

  constructor(snapshots: SnapshotStore) {
    this.#snapshots = snapshots;
  }

  @Query(() => ProjectConnection, { description: 'Projects that the caller may read, newest first.' })
  @Tag('public')
  @ListSize(PAGE)
  async projects(
    @Args(() => ProjectsArgs) args: ProjectsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<Project>> {
    return toConnection(await listProjects(context, args), toProject);
  }

  @Query(() => Project, {
    nullable: true,
    description: 'One project; null when there is none, or the caller may not read it.',
  })
  @Tag('public')
  async project(
    @Arg('id', () => ID, { description: 'The project.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<Project | null> {
    context.requireSignIn();
    return resolveProject({ id }, context);
  }

  @FieldResolver(() => Organization, {
    nullable: true,
    description: 'The organization that owns it; null when the caller may not read that.',
  })
  async organization(@Root() project: Project, @Ctx() context: RequestContext): Promise<Organization | null> {
    return resolveOrganization({ id: project.organizationId }, context);
  }

  @FieldResolver(() => Department, {
    nullable: true,
    description: 'The department that it belongs to; null when the caller may not read that.',
  })
  async department(@Root() project: Project, @Ctx() context: RequestContext): Promise<Department | null> {
    return resolveDepartment({ id: project.departmentId }, context);
  }

  @FieldResolver(() => [Quota], {
    description: 'Its limits and what it uses, one for each dimension in use; at most 200.',
  })
  @ListSize({ assumedSize: 10 })
  async quotas(@Root() project: Project, @Ctx() context: RequestContext): Promise<Quota[]> {
    return ((await context.load(projectQuotasLoader, project.id)) ?? []).map(toQuota);
  }

  @FieldResolver(() => [EffectiveGrant], {
    nullable: true,
    description:
      'Every role binding that counts here, inherited ones too; at most 500. Null without `iam.role_binding.read` at the project.',
  })
  @ListSize({ assumedSize: 50 })
  @Cost(5)
  async effectiveGrants(@Root() project: Project, @Ctx() context: RequestContext): Promise<EffectiveGrant[] | null> {
    if (!(await context.can(READ_BINDING, projectScope(project)))) return null;
    const snapshot = await this.#snapshots.get(project.organizationId);
    if (snapshot === null) return null;
    const scopes = snapshot.chainOf(project.id);
    return scopes
      .flatMap((scope) => snapshot.bindingsAt(scope.id).map((binding) => toGrant(binding, scope, project.id)))
      .slice(0, GRANTS_MAX);
  }
}

const GRANTS_MAX = 500;

function toGrant(binding: BindingFact, scope: AccessFacts['scopes'][number], projectId: string): EffectiveGrant {
  return {
    bindingId: binding.id,
    principalId: binding.principalId,
    principalType: principalTypeOf(binding.principalId) ?? 'everyone',
    roleId: binding.roleId,
    roleName: builtInRole(binding.roleId)?.name ?? null,
    effect: binding.effect,
    scopeLevel: scope.level,
    scopeId: scope.id,
    isInherited: scope.id !== projectId,
    expiresAt: binding.expiresAt === null ? null : new Date(binding.expiresAt),
  };
}
