import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Command, Json } from '../../../../kernel/commands/command.js';
import { Access, Tag } from '../../../../kernel/federation/directives.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import type { AccessCommands } from '../usecases/access-commands.js';
import { givenFields } from './given-fields.js';
import {
  DepartmentCreateInput,
  DepartmentPayload,
  DepartmentRenameInput,
  MemberInviteInput,
  MemberRemoveInput,
  OrganizationCreateInput,
  OrganizationMoveInput,
  OrganizationPayload,
  OrganizationRenameInput,
  ProjectCreateInput,
  ProjectMoveInput,
  ProjectPayload,
  ProjectRenameInput,
  UserDisableInput,
  UserEnableInput,
  UserPayload,
} from './hierarchy-inputs.js';
import { resolveDepartment, resolveOrganization, resolveProject } from './hierarchy-resolver.js';
import { resolveUser } from './principal-resolver.js';

type IdCommand = Command<never, { readonly id: string } & Json>;

@Resolver()
export class HierarchyMutations {
  readonly #commands: AccessCommands;

  constructor(commands: AccessCommands) {
    this.#commands = commands;
  }

  @Mutation(() => OrganizationPayload, { description: 'Creates an organization and its default department.' })
  @Tag('operator')
  @Access('iam.organization.create')
  organizationCreate(
    @Arg('input', () => OrganizationCreateInput, { description: 'The organization.' }) input: OrganizationCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<OrganizationPayload> {
    return this.#organization(this.#commands.createOrganization as never, input, context);
  }

  @Mutation(() => OrganizationPayload, { description: 'Gives an organization a new name; its slug stays.' })
  @Tag('public')
  @Access('iam.organization.rename')
  organizationRename(
    @Arg('input', () => OrganizationRenameInput, { description: 'The change.' }) input: OrganizationRenameInput,
    @Ctx() context: RequestContext,
  ): Promise<OrganizationPayload> {
    return this.#organization(this.#commands.renameOrganization as never, input, context);
  }

  @Mutation(() => OrganizationPayload, {
    description: 'Suspends an organization: it can be read, and what runs can be ended, but nothing new starts.',
  })
  @Tag('operator')
  @Access('iam.organization.suspend')
  organizationSuspend(
    @Arg('input', () => OrganizationMoveInput, { description: 'Which, and why.' }) input: OrganizationMoveInput,
    @Ctx() context: RequestContext,
  ): Promise<OrganizationPayload> {
    return this.#organization(this.#commands.suspendOrganization as never, input, context);
  }

  @Mutation(() => OrganizationPayload, { description: 'Ends a suspension.' })
  @Tag('operator')
  @Access('iam.organization.reinstate')
  organizationReinstate(
    @Arg('input', () => OrganizationMoveInput, { description: 'Which, and why.' }) input: OrganizationMoveInput,
    @Ctx() context: RequestContext,
  ): Promise<OrganizationPayload> {
    return this.#organization(this.#commands.reinstateOrganization as never, input, context);
  }

  @Mutation(() => OrganizationPayload, {
    description: 'Closes an organization for ever; its projects must be archived.',
  })
  @Tag('operator')
  @Access('iam.organization.close')
  organizationClose(
    @Arg('input', () => OrganizationMoveInput, { description: 'Which, and why.' }) input: OrganizationMoveInput,
    @Ctx() context: RequestContext,
  ): Promise<OrganizationPayload> {
    return this.#organization(this.#commands.closeOrganization as never, input, context);
  }

  @Mutation(() => DepartmentPayload, {
    description: 'Creates a department in an organization, for projects to belong to.',
  })
  @Tag('public')
  @Access('iam.department.create')
  departmentCreate(
    @Arg('input', () => DepartmentCreateInput, { description: 'The department.' }) input: DepartmentCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<DepartmentPayload> {
    return context.mutate(this.#commands.createDepartment, givenFields(input), async ({ id }) => ({
      department: await resolveDepartment({ id }, context),
    }));
  }

  @Mutation(() => DepartmentPayload, { description: 'Gives a department a new name; its slug stays.' })
  @Tag('public')
  @Access('iam.department.rename')
  departmentRename(
    @Arg('input', () => DepartmentRenameInput, { description: 'The change.' }) input: DepartmentRenameInput,
    @Ctx() context: RequestContext,
  ): Promise<DepartmentPayload> {
    return context.mutate(this.#commands.renameDepartment, givenFields(input), async ({ id }) => ({
      department: await resolveDepartment({ id }, context),
    }));
  }

  @Mutation(() => ProjectPayload, { description: 'Creates a project in a department of an organization.' })
  @Tag('public')
  @Access('iam.project.create')
  projectCreate(
    @Arg('input', () => ProjectCreateInput, { description: 'The project.' }) input: ProjectCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<ProjectPayload> {
    return this.#project(this.#commands.createProject as never, input, context);
  }

  @Mutation(() => ProjectPayload, { description: 'Gives a project a new name; its slug stays.' })
  @Tag('public')
  @Access('iam.project.rename')
  projectRename(
    @Arg('input', () => ProjectRenameInput, { description: 'The change.' }) input: ProjectRenameInput,
    @Ctx() context: RequestContext,
  ): Promise<ProjectPayload> {
    return this.#project(this.#commands.renameProject as never, input, context);
  }

  @Mutation(() => ProjectPayload, { description: 'Archives a project; nothing may be running in it.' })
  @Tag('public')
  @Access('iam.project.archive')
  projectArchive(
    @Arg('input', () => ProjectMoveInput, { description: 'Which, and why.' }) input: ProjectMoveInput,
    @Ctx() context: RequestContext,
  ): Promise<ProjectPayload> {
    return this.#project(this.#commands.archiveProject as never, input, context);
  }

  @Mutation(() => ProjectPayload, { description: 'Takes an archived project into use again.' })
  @Tag('public')
  @Access('iam.project.restore')
  projectRestore(
    @Arg('input', () => ProjectMoveInput, { description: 'Which, and why.' }) input: ProjectMoveInput,
    @Ctx() context: RequestContext,
  ): Promise<ProjectPayload> {
    return this.#project(this.#commands.restoreProject as never, input, context);
  }

  @Mutation(() => UserPayload, {
    description: 'Makes a person a member of an organization and binds roles, also when it never signed in.',
  })
  @Tag('public')
  @Access('iam.member.invite')
  memberInvite(
    @Arg('input', () => MemberInviteInput, { description: 'Who, where, with which roles.' }) input: MemberInviteInput,
    @Ctx() context: RequestContext,
  ): Promise<UserPayload> {
    return context.mutate(this.#commands.inviteMember, givenFields(input), async ({ userId }) => ({
      user: await resolveUser({ id: userId }, context),
    }));
  }

  @Mutation(() => UserPayload, { description: 'Ends a membership, with all bindings in the organization.' })
  @Tag('public')
  @Access('iam.member.remove')
  memberRemove(
    @Arg('input', () => MemberRemoveInput, { description: 'Who, and where.' }) input: MemberRemoveInput,
    @Ctx() context: RequestContext,
  ): Promise<UserPayload> {
    return context.mutate(this.#commands.removeMember, givenFields(input), async ({ userId }) => ({
      user: await resolveUser({ id: userId }, context),
    }));
  }

  @Mutation(() => UserPayload, { description: 'Disables a person everywhere at once.' })
  @Tag('operator')
  @Access('iam.user.disable')
  userDisable(
    @Arg('input', () => UserDisableInput, { description: 'Who, and why.' }) input: UserDisableInput,
    @Ctx() context: RequestContext,
  ): Promise<UserPayload> {
    return context.mutate(this.#commands.disableUser, givenFields(input), async ({ id }) => ({
      user: await resolveUser({ id }, context),
    }));
  }

  @Mutation(() => UserPayload, { description: 'Enables a disabled person again.' })
  @Tag('operator')
  @Access('iam.user.enable')
  userEnable(
    @Arg('input', () => UserEnableInput, { description: 'Who.' }) input: UserEnableInput,
    @Ctx() context: RequestContext,
  ): Promise<UserPayload> {
    return context.mutate(this.#commands.enableUser, givenFields(input), async ({ id }) => ({
      user: await resolveUser({ id }, context),
    }));
  }

  #organization(command: IdCommand, input: object, context: RequestContext): Promise<OrganizationPayload> {
    return context.mutate(command, givenFields(input), async ({ id }) => ({
      organization: await resolveOrganization({ id }, context),
    }));
  }

  #project(command: IdCommand, input: object, context: RequestContext): Promise<ProjectPayload> {
    return context.mutate(command, givenFields(input), async ({ id }) => ({
      project: await resolveProject({ id }, context),
    }));
  }
}
