import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from 'type-graphql';
import { PLATFORM_SCOPE } from '../../../../../kernel/access/authority.js';
import type { Database } from '../../../../../kernel/database/database.js';
import { Cost, ListSize, Tag } from '../../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../../kernel/graphql/request-context.js';
import { findSession, listSessions } from '../../store/credentials/session-queries.js';
import { revokeOwnSession, revokeSession } from '../../usecases/credentials/revoke-session.js';
import { givenFields } from '../given-fields.js';
import { PAGE } from '../hierarchy-resolver.js';
import { User } from '../user-type.js';
import { Session, SessionConnection, SessionPayload, SessionRevokeInput, toSession } from './session-types.js';

const READ = 'iam.session.read';

@Resolver(() => Session)
export class SessionResolver {
  readonly #database: Database;
  readonly #afterRevocation: () => Promise<void>;

  constructor(dependencies: { database: Database; afterRevocation: () => Promise<void> }) {
    this.#database = dependencies.database;
    this.#afterRevocation = dependencies.afterRevocation;
  }

  /** A session by reference: for its person, and for those who may see everybody's. */
  async resolve(reference: { readonly [key: string]: unknown }, context: RequestContext): Promise<Session | null> {
    const row = await findSession(this.#database, String(reference.id));
    if (row === null || !(await this.#maySee(context, row.userId))) return null;
    return toSession(row, context.actor.sessionId);
  }

  async #maySee(context: RequestContext, userId: string): Promise<boolean> {
    if (context.actor.kind === 'human' && context.actor.id === userId) return true;
    return context.actor.kind !== 'anonymous' && (await context.can(READ, PLATFORM_SCOPE));
  }

  @Query(() => SessionConnection, { description: 'Your sessions, newest first.' })
  @Tag('public')
  @ListSize(PAGE)
  async sessions(@Args(() => PageArgs) page: PageArgs, @Ctx() context: RequestContext): Promise<Connection<Session>> {
    context.requireSignIn();
    const { id, kind, sessionId } = context.actor;
    // An API key acts for a person and is not the person: it sees no sign-ins.
    const userId = kind === 'human' ? id : '';
    return toConnection(await listSessions(this.#database, userId, page), (row) => toSession(row, sessionId));
  }

  @Mutation(() => SessionPayload, {
    description: "Ends a session: your own, or with `iam.session.revoke` anybody's. Its tokens count no more.",
  })
  @Tag('public')
  async sessionRevoke(
    @Arg('input', () => SessionRevokeInput, { description: 'Which, and why.' }) input: SessionRevokeInput,
    @Ctx() context: RequestContext,
  ): Promise<SessionPayload> {
    context.requireSignIn();
    const row = await findSession(this.#database, input.id);
    const command = row === null || row.userId === context.actor.id ? revokeOwnSession : revokeSession;
    const payload = await context.mutate(command, givenFields(input), async (value) => ({
      session: await this.resolve(value, context),
    }));
    await this.#afterRevocation();
    return payload;
  }
}

@Resolver(() => User)
export class UserSessionResolver {
  readonly #database: Database;

  constructor(dependencies: { database: Database }) {
    this.#database = dependencies.database;
  }

  @FieldResolver(() => SessionConnection, {
    nullable: true,
    description:
      'Sessions of the person, newest first; null unless it is you, or you hold `iam.session.read` on the platform.',
  })
  @ListSize(PAGE)
  @Cost(5)
  async sessions(
    @Args(() => PageArgs) page: PageArgs,
    @Root() user: User,
    @Ctx() context: RequestContext,
  ): Promise<Connection<Session> | null> {
    const { actor } = context;
    const isSelf = actor.kind === 'human' && actor.id === user.id;
    if (!isSelf && (actor.kind === 'anonymous' || !(await context.can(READ, PLATFORM_SCOPE)))) return null;
    return toConnection(await listSessions(this.#database, user.id, page), (row) => toSession(row, actor.sessionId));
  }
}
