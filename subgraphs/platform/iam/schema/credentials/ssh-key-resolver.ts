import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql';
import { ListSize, Tag } from '../../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../../kernel/graphql/request-context.js';
import { listSshKeys, sshKeyLoader } from '../../store/credentials/ssh-key-queries.js';
import { addOwnSshKey, addSshKey } from '../../usecases/credentials/add-ssh-key.js';
import { removeOwnSshKey, removeSshKey } from '../../usecases/credentials/remove-ssh-key.js';
import { givenFields } from '../given-fields.js';
import { PAGE } from '../hierarchy-resolver.js';
import { User } from '../user-type.js';
import {
  SshKey,
  SshKeyAddInput,
  SshKeyConnection,
  SshKeyPayload,
  SshKeyRemoveInput,
  toSshKey,
} from './ssh-key-types.js';

export async function resolveSshKey(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<SshKey | null> {
  if (context.actor.kind === 'anonymous') return null;
  const row = await context.load(sshKeyLoader, String(reference.id));
  return row === null ? null : toSshKey(row);
}

@Resolver(() => SshKey)
export class SshKeyResolver {
  @Query(() => SshKeyConnection, { description: 'Your SSH keys, newest first.' })
  @Tag('public')
  @ListSize(PAGE)
  async sshKeys(@Args(() => PageArgs) page: PageArgs, @Ctx() context: RequestContext): Promise<Connection<SshKey>> {
    context.requireSignIn();
    return toConnection(await listSshKeys(context, context.actor.id, page), toSshKey);
  }

  @Mutation(() => SshKeyPayload, {
    description: 'Adds an SSH public key to you, or with `iam.ssh_key.add` to a service account.',
  })
  @Tag('public')
  sshKeyAdd(
    @Arg('input', () => SshKeyAddInput, { description: 'The key.' }) input: SshKeyAddInput,
    @Ctx() context: RequestContext,
  ): Promise<SshKeyPayload> {
    const shown = async (value: { id: string }): Promise<{ sshKey: SshKey | null }> => ({
      sshKey: await resolveSshKey(value, context),
    });
    return input.serviceAccountId == null
      ? context.mutate(addOwnSshKey, givenFields(input), shown)
      : context.mutate(addSshKey, givenFields(input), shown);
  }

  @Mutation(() => SshKeyPayload, {
    description:
      'Removes an SSH key: yours, or with `iam.ssh_key.remove` one of a service account. Running machines keep it.',
  })
  @Tag('public')
  async sshKeyRemove(
    @Arg('input', () => SshKeyRemoveInput, { description: 'Which.' }) { id }: SshKeyRemoveInput,
    @Ctx() context: RequestContext,
  ): Promise<SshKeyPayload> {
    const row = context.actor.kind === 'anonymous' ? null : await context.load(sshKeyLoader, id);
    const command = row === null || row.projectId === null ? removeOwnSshKey : removeSshKey;
    return context.mutate(command, { id }, (value) => ({ sshKey: null, removedId: value.id }));
  }
}

@Resolver(() => User)
export class UserSshKeyResolver {
  @FieldResolver(() => SshKeyConnection, {
    nullable: true,
    description: 'SSH keys of the person, newest first; null for anybody else.',
  })
  @ListSize(PAGE)
  async sshKeys(
    @Args(() => PageArgs) page: PageArgs,
    @Root() user: User,
    @Ctx() context: RequestContext,
  ): Promise<Connection<SshKey> | null> {
    if (context.actor.id !== user.id) return null;
    return toConnection(await listSshKeys(context, user.id, page), toSshKey);
  }
}
