import { z } from 'zod';
import { type CommandContext, defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { memberJoined } from '../../domain/iam-events.js';
import { displayName } from '../../domain/names.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findScope } from '../find-scope.js';
import { bindRole } from '../role-bindings/bind-role.js';
import { findRole } from '../role-bindings/find-role.js';
import { refuseUnlessHeld } from '../role-bindings/grantable.js';

const inviteInput = z.object({
  /** `org_…`, or a project or department inside: where the roles are bound. */
  scopeId: z.string(),
  subject: z.string().trim().min(1, 'must not be empty').max(255).optional(),
  issuer: z.url().optional(),
  email: z.email().optional(),
  displayName: displayName.optional(),
  roles: z.array(z.string()).max(10, 'must name at most 10 roles').default([]),
  expiresAt: z.date().optional(),
  idempotencyKey,
});
type InviteInput = z.output<typeof inviteInput>;

/**
 * Makes a person a member and binds roles, also when the person never signed in: the pair of issuer and subject names
 * who it will be. By e-mail alone only people are found who signed in before: an address is no identity.
 */
export function createInviteMember(dependencies: AccessDependencies) {
  return defineCommand({
    action: 'iam.member.invite',
    input: inviteInput,
    scope: async (input, lookup) => {
      const scope = await findScope(lookup, input.scopeId);
      return scope?.level === 'platform' ? null : scope;
    },
    changesAccess: true,
    async run(context, input) {
      const person = await findPerson(context, input, dependencies.defaultIssuer);
      if (!person.ok) return person;
      const userId = person.value;
      const organizationId = context.scope.organizationId ?? '';
      const isNew = await join(context, organizationId, userId);
      for (const name of input.roles) {
        const fault = await bindOne(dependencies, context, { userId, name, expiresAt: input.expiresAt ?? null });
        if (fault !== null) return fault;
      }
      await dependencies.changes.record(context.tx, organizationId);
      context.describe({ type: 'User', id: userId }, { roles: input.roles, scopeId: context.scope.id });
      if (isNew) {
        const scope = { level: 'organization', id: organizationId, organizationId } as const;
        context.emit(memberJoined, {
          subjectId: userId,
          scope,
          data: { organizationId, isPreCreated: input.subject !== undefined },
        });
      }
      return accept({ userId });
    },
  });
}

async function findPerson({ tx }: CommandContext, input: InviteInput, defaultIssuer: string): Promise<Outcome<string>> {
  if (input.subject !== undefined) {
    const name = input.displayName ?? input.email ?? input.subject;
    const row = await tx.row<{ id: string }>('select iam.ensure_user($1, $2, $3, $4, $5) as id', [
      newId('usr'),
      input.issuer ?? defaultIssuer,
      input.subject,
      input.email ?? null,
      name,
    ]);
    return accept(row?.id ?? '');
  }
  if (input.email === undefined)
    return refuse('INVALID_INPUT', 'Name the person by subject (of the identity provider) or by e-mail.', {
      field: ['input', 'subject'],
    });
  const row = await tx.row<{ id: string | null }>('select iam.find_user_by_email($1) as id', [input.email]);
  if (row?.id == null) {
    return refuse(
      'NOT_FOUND',
      'Nobody with this e-mail has signed in yet; name the person by the subject of the identity provider.',
      { field: ['input', 'email'] },
    );
  }
  return accept(row.id);
}

async function join({ tx, now, actor }: CommandContext, organizationId: string, userId: string): Promise<boolean> {
  const added = await tx.execute(
    'insert into iam.memberships (organization_id, user_id, created_at, created_by) values ($1, $2, $3, $4) on conflict do nothing',
    [organizationId, userId, now, actor.id],
  );
  return added === 1;
}

async function bindOne(
  { snapshots }: AccessDependencies,
  context: CommandContext,
  request: { userId: string; name: string; expiresAt: Date | null },
): Promise<Outcome<never> | null> {
  const { tx, scope, actor, now } = context;
  const role = await findRole(tx, request.name, scope);
  if (!role.ok) return role;
  const unheld = await refuseUnlessHeld(snapshots, {
    actor,
    scope,
    now,
    permissions: (snapshot) => snapshot.roleBits(role.value.id),
  });
  if (unheld !== null) return unheld;
  const known = await tx.row(
    `select 1 as found from iam.role_bindings where scope_id = $1 and principal_id = $2 and role_id = $3 and effect = 'allow' and revoked_at is null`,
    [scope.id, request.userId, role.value.id],
  );
  if (known !== null) return null;
  bindRole(context, {
    scope,
    principalType: 'human',
    principalId: request.userId,
    roleId: role.value.id,
    effect: 'allow',
    expiresAt: request.expiresAt,
    reason: null,
  });
  await tx.em.flush();
  return null;
}
