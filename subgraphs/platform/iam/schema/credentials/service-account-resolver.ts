import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Scope } from '../../../../../kernel/access/authority.js';
import { Access, Cost, ListSize, Tag } from '../../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../../kernel/graphql/request-context.js';
import {
  READ_SERVICE_ACCOUNTS,
  keysOfAccountLoader,
  listServiceAccounts,
  serviceAccountKeyLoader,
  serviceAccountLoader,
} from '../../store/credentials/credential-queries.js';
import { listSshKeys } from '../../store/credentials/ssh-key-queries.js';
import type { CredentialCommands } from '../../usecases/credentials/credential-commands.js';
import { createServiceAccountKey } from '../../usecases/credentials/create-service-account-key.js';
import { revokeServiceAccountKey } from '../../usecases/credentials/revoke-service-account-key.js';
import { givenFields } from '../given-fields.js';
import { PAGE, resolveProject } from '../hierarchy-resolver.js';
import { Project } from '../project-type.js';
import { disclosure } from './credential-enums.js';
import {
  ServiceAccount,
  ServiceAccountChangeInput,
  ServiceAccountConnection,
  ServiceAccountCreateInput,
  ServiceAccountKey,
  ServiceAccountKeyCreateInput,
  ServiceAccountKeyPayload,
  ServiceAccountKeyRevokeInput,
  ServiceAccountPayload,
  toServiceAccount,
  toServiceAccountKey,
} from './service-account-types.js';
import { type SshKey, SshKeyConnection, toSshKey } from './ssh-key-types.js';

export async function resolveServiceAccount(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<ServiceAccount | null> {
  const row = await context.load(serviceAccountLoader, String(reference.id));
  return row === null ? null : toServiceAccount(row);
}

export async function resolveServiceAccountKey(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<ServiceAccountKey | null> {
  const row = await context.load(serviceAccountKeyLoader, String(reference.id));
  return row === null ? null : toServiceAccountKey(row);
}

@Resolver(() => ServiceAccount)
export class ServiceAccountResolver {
  readonly #commands: CredentialCommands;
  readonly #afterRevocation: () => Promise<void>;

  constructor(dependencies: { commands: CredentialCommands; afterRevocation: () => Promise<void> }) {
    this.#commands = dependencies.commands;
    this.#afterRevocation = dependencies.afterRevocation;
  }

  @Query(() => ServiceAccount, {
    nullable: true,
    description: 'One service account; null when there is none that you may see.',
  })
  @Tag('public')
  @Access(READ_SERVICE_ACCOUNTS)
  async serviceAccount(
    @Arg('id', () => ID, { description: 'The service account.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<ServiceAccount | null> {
    context.requireSignIn();
    return resolveServiceAccount({ id }, context);
  }

  @Mutation(() => ServiceAccountPayload, {
    description: 'Creates a service account in a project. Bind roles to it next, and make a key.',
  })
  @Tag('public')
  @Access('iam.service_account.create')
  serviceAccountCreate(
    @Arg('input', () => ServiceAccountCreateInput, { description: 'The service account.' })
    input: ServiceAccountCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<ServiceAccountPayload> {
    return context.mutate(this.#commands.createServiceAccount, givenFields(input), async (value) => ({
      serviceAccount: await resolveServiceAccount(value, context),
    }));
  }

  @Mutation(() => ServiceAccountPayload, {
    description: 'Ends the tokens of a service account, and mints no more until it is enabled.',
  })
  @Tag('public')
  @Access('iam.service_account.disable')
  serviceAccountDisable(
    @Arg('input', () => ServiceAccountChangeInput, { description: 'Which, and why.' }) input: ServiceAccountChangeInput,
    @Ctx() context: RequestContext,
  ): Promise<ServiceAccountPayload> {
    return this.#change(this.#commands.disableServiceAccount, input, context);
  }

  @Mutation(() => ServiceAccountPayload, {
    description: 'Lets a disabled service account mint tokens again. Earlier tokens stay void.',
  })
  @Tag('public')
  @Access('iam.service_account.enable')
  serviceAccountEnable(
    @Arg('input', () => ServiceAccountChangeInput, { description: 'Which, and why.' }) input: ServiceAccountChangeInput,
    @Ctx() context: RequestContext,
  ): Promise<ServiceAccountPayload> {
    return this.#change(this.#commands.enableServiceAccount, input, context);
  }

  @Mutation(() => ServiceAccountPayload, { description: 'Ends a service account with its keys and tokens, for good.' })
  @Tag('public')
  @Access('iam.service_account.delete')
  serviceAccountDelete(
    @Arg('input', () => ServiceAccountChangeInput, { description: 'Which, and why.' }) input: ServiceAccountChangeInput,
    @Ctx() context: RequestContext,
  ): Promise<ServiceAccountPayload> {
    return this.#change(this.#commands.deleteServiceAccount, input, context);
  }

  async #change(
    command: CredentialCommands['disableServiceAccount'],
    input: ServiceAccountChangeInput,
    context: RequestContext,
  ): Promise<ServiceAccountPayload> {
    const payload = await context.mutate(command, givenFields(input), async (value) => ({
      serviceAccount: await resolveServiceAccount(value, context),
    }));
    await this.#afterRevocation();
    return payload;
  }

  @Mutation(() => ServiceAccountKeyPayload, {
    description: 'Makes a key. Its secret is in this answer and never again.',
  })
  @Tag('public')
  @Access('iam.service_account_key.create')
  serviceAccountKeyCreate(
    @Arg('input', () => ServiceAccountKeyCreateInput, { description: 'The key.' }) input: ServiceAccountKeyCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<ServiceAccountKeyPayload> {
    return context.mutate(createServiceAccountKey, givenFields(input), async (value, reveal) => ({
      key: await resolveServiceAccountKey(value, context),
      ...disclosure(reveal, input.publicJwk == null),
    }));
  }

  @Mutation(() => ServiceAccountKeyPayload, { description: 'Revokes a key and every token that it minted.' })
  @Tag('public')
  @Access('iam.service_account_key.revoke')
  async serviceAccountKeyRevoke(
    @Arg('input', () => ServiceAccountKeyRevokeInput, { description: 'Which.' }) { id }: ServiceAccountKeyRevokeInput,
    @Ctx() context: RequestContext,
  ): Promise<ServiceAccountKeyPayload> {
    const payload = await context.mutate(revokeServiceAccountKey, { id }, async (value) => ({
      key: await resolveServiceAccountKey(value, context),
    }));
    await this.#afterRevocation();
    return payload;
  }

  @FieldResolver(() => Project, { nullable: true, description: 'The project it lives in.' })
  project(@Root() account: ServiceAccount, @Ctx() context: RequestContext): Promise<Project | null> {
    return resolveProject({ id: account.projectId }, context);
  }

  @FieldResolver(() => [ServiceAccountKey], { description: 'Its keys, newest first; at most the last 20.' })
  @ListSize({ assumedSize: 2 })
  async keys(@Root() account: ServiceAccount, @Ctx() context: RequestContext): Promise<ServiceAccountKey[]> {
    const rows = await context.load(keysOfAccountLoader, account.id);
    return (rows ?? []).map((row) => toServiceAccountKey(row));
  }

  @FieldResolver(() => SshKeyConnection, { description: 'Its SSH keys, newest first.' })
  @ListSize(PAGE)
  @Cost(5)
  async sshKeys(
    @Args(() => PageArgs) page: PageArgs,
    @Root() account: ServiceAccount,
    @Ctx() context: RequestContext,
  ): Promise<Connection<SshKey>> {
    return toConnection(await listSshKeys(context, account.id, page), toSshKey);
  }
}

@Resolver(() => ServiceAccountKey)
export class ServiceAccountKeyResolver {
  @FieldResolver(() => ServiceAccount, { nullable: true, description: 'Whose key it is.' })
  serviceAccount(@Root() key: ServiceAccountKey, @Ctx() context: RequestContext): Promise<ServiceAccount | null> {
    return resolveServiceAccount({ id: key.serviceAccountId }, context);
  }
}

@Resolver(() => Project)
export class ProjectServiceAccountResolver {
  @FieldResolver(() => ServiceAccountConnection, {
    nullable: true,
    description: 'Service accounts of the project, newest first; null when you may not see them.',
  })
  @ListSize(PAGE)
  async serviceAccounts(
    @Args(() => PageArgs) page: PageArgs,
    @Root() project: Project,
    @Ctx() context: RequestContext,
  ): Promise<Connection<ServiceAccount> | null> {
    const scope: Scope = { level: 'project', id: project.id, organizationId: project.organizationId };
    if (!(await context.can(READ_SERVICE_ACCOUNTS, scope))) return null;
    return toConnection(await listServiceAccounts(context, project.id, page), toServiceAccount);
  }
}
