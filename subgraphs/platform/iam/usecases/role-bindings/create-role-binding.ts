import { z } from 'zod';
import type { Scope } from '../../../../../kernel/access/authority.js';
import { type CommandContext, defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { type Outcome, accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { EVERYONE } from '../../domain/access/access-facts.js';
import { hasNumber } from '../../domain/access/permission-set.js';
import { reason } from '../../domain/names.js';
import { principalTypeOf } from '../../domain/scope-level.js';
import type { PrincipalType } from '../../store/entities/access-entities.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findScope } from '../find-scope.js';
import { bindRole } from './bind-role.js';
import { type FoundRole, findRole } from './find-role.js';
import { refuseUnlessHeld } from './grantable.js';

/** Whoever sets a guardrail must leave a way to lift it. */
const LIFTS_GUARDRAILS = 'iam.role_binding.revoke';

const bindingInput = z.object({
  scopeId: z.string(),
  principalId: z.string().optional(),
  role: z.string(),
  effect: z.enum(['allow', 'deny', 'guardrail']).default('allow'),
  expiresAt: z.date().optional(),
  reason: reason.optional(),
  idempotencyKey,
});

/**
 * Binds a role to a principal at a scope. `deny` takes the role's permissions away there; `guardrail` (no principal)
 * makes them the most that anybody has there. Refuses what the actor does not hold, unknown principals, and repetition.
 */
export function createCreateRoleBinding(dependencies: AccessDependencies) {
  return defineCommand({
    action: 'iam.role_binding.create',
    input: bindingInput,
    scope: (input, lookup) => findScope(lookup, input.scopeId),
    changesAccess: true,
    async run(context, input) {
      const { tx, scope, now, actor } = context;
      const principal = await findPrincipal(tx, input, scope);
      if (!principal.ok) return principal;
      const role = await findRole(tx, input.role, scope);
      if (!role.ok) return role;
      if (input.expiresAt !== undefined && input.expiresAt <= now) {
        return refuse('INVALID_INPUT', 'expiresAt must lie in the future.', { field: ['input', 'expiresAt'] });
      }
      const request = {
        actor,
        scope,
        now,
        permissions: (snapshot: { roleBits: (id: string) => Uint32Array }) => snapshot.roleBits(role.value.id),
      };
      const unheld =
        input.effect === 'guardrail'
          ? await refuseLockOut(dependencies, scope, role.value)
          : await refuseUnlessHeld(dependencies.snapshots, request);
      if (unheld !== null) return unheld;
      if (
        await isBound(tx, {
          scopeId: scope.id,
          principalId: principal.value.id,
          roleId: role.value.id,
          effect: input.effect,
        })
      ) {
        return refuse(
          'ALREADY_EXISTS',
          `The same binding of ${role.value.name} exists; revoke it to change when it ends.`,
        );
      }
      return accept({
        id: await bind(dependencies, context, { ...input, principal: principal.value, role: role.value }),
      });
    },
  });
}

async function bind(
  { changes }: AccessDependencies,
  context: CommandContext,
  request: Pick<z.output<typeof bindingInput>, 'effect' | 'expiresAt' | 'reason'> & {
    principal: { id: string; type: PrincipalType };
    role: FoundRole;
  },
): Promise<string> {
  const { scope } = context;
  const id = bindRole(context, {
    scope,
    principalType: request.principal.type,
    principalId: request.principal.id,
    roleId: request.role.id,
    effect: request.effect,
    expiresAt: request.expiresAt ?? null,
    reason: request.reason ?? null,
  });
  await changes.record(context.tx, scope.organizationId);
  context.describe(
    { type: 'RoleBinding', id },
    { role: request.role.name, principalId: request.principal.id, effect: request.effect, scopeId: scope.id },
  );
  return id;
}

async function isBound(
  tx: Transaction,
  key: { scopeId: string; principalId: string; roleId: string; effect: string },
): Promise<boolean> {
  const row = await tx.row(
    'select 1 as found from iam.role_bindings where scope_id = $1 and principal_id = $2 and role_id = $3 and effect = $4 and revoked_at is null',
    [key.scopeId, key.principalId, key.roleId, key.effect],
  );
  return row !== null;
}

async function refuseLockOut(
  { snapshots }: AccessDependencies,
  scope: Scope,
  role: FoundRole,
): Promise<Outcome<never> | null> {
  const snapshot = await snapshots.get(scope.organizationId);
  if (snapshot === null) return refuse('NOT_FOUND', 'The organization does not exist.');
  const lifts = snapshot.catalogue.index.numberOf(LIFTS_GUARDRAILS);
  if (hasNumber(snapshot.roleBits(role.id), lifts)) return null;
  return refuse(
    'INVALID_INPUT',
    `A guardrail must leave ${LIFTS_GUARDRAILS} in place, or nobody could lift it again.`,
    { field: ['input', 'role'] },
  );
}

const PRINCIPALS = {
  human: 'select 1 as found from iam.memberships where user_id = $1 and organization_id = $2',
  service_account: 'select 1 as found from iam.service_accounts where id = $1 and organization_id = $2',
  group: 'select 1 as found from iam.groups where id = $1 and organization_id = $2',
} as const;

/** The principal must be of the organization: a member, one of its service accounts or groups. At the platform: a known person or platform group. */
async function findPrincipal(
  tx: Transaction,
  input: { principalId?: string | undefined; effect: string },
  scope: Scope,
): Promise<Outcome<{ id: string; type: PrincipalType }>> {
  const field = ['input', 'principalId'];
  if (input.effect === 'guardrail') {
    if (input.principalId === undefined) return accept({ id: EVERYONE, type: 'everyone' });
    return refuse('INVALID_INPUT', 'A guardrail limits everybody: it names no principal.', { field });
  }
  const { principalId = '' } = input;
  const type = principalTypeOf(principalId);
  if (type === null)
    return refuse('INVALID_INPUT', 'principalId must name a user, a service account or a group.', { field });
  const text = scope.organizationId === null ? PLATFORM_PRINCIPALS[type] : PRINCIPALS[type];
  if (text === null)
    return refuse('INVALID_INPUT', 'A service account belongs to a project and cannot be bound at the platform.', {
      field,
    });
  const found = await tx.row(text, scope.organizationId === null ? [principalId] : [principalId, scope.organizationId]);
  return found === null
    ? refuse('NOT_FOUND', `There is no ${type.replace('_', ' ')} ${principalId} here; invite people first.`, { field })
    : accept({ id: principalId, type });
}

const PLATFORM_PRINCIPALS = {
  human: 'select 1 as found from iam.users where id = $1',
  service_account: null,
  group: 'select 1 as found from iam.groups where id = $1 and organization_id is null',
} as const;
