import type { Scope } from '../../../../../kernel/access/authority.js';
import type { CommandContext } from '../../../../../kernel/commands/command.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import type { BindingEffect } from '../../domain/access/access-facts.js';
import { roleBindingCreated, roleBindingRevoked } from '../../domain/iam-events.js';
import { type PrincipalType, RoleBindingEntity } from '../../store/entities/access-entities.js';

export interface BindingRequest {
  readonly scope: Scope;
  readonly principalType: PrincipalType;
  readonly principalId: string;
  readonly roleId: string;
  readonly effect: BindingEffect;
  readonly expiresAt: Date | null;
  readonly reason: string | null;
}

/** Writes the binding and tells of it. Who calls has checked everything, and records the change of access. */
export function bindRole(context: CommandContext, request: BindingRequest): string {
  const { scope, ...facts } = request;
  const id = newId('rbd');
  context.tx.em.create(RoleBindingEntity, {
    id,
    ...facts,
    organizationId: scope.organizationId,
    scopeLevel: scope.level,
    scopeId: scope.id,
    createdAt: context.now,
    createdBy: context.actor.id,
    revokedAt: null,
    revokedBy: null,
  });
  context.emit(roleBindingCreated, { subjectId: id, scope, data: eventData(request) });
  return id;
}

interface LiveBinding {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organization_id: string | null;
  readonly scope_level: Scope['level'];
  readonly scope_id: string;
  readonly principal_type: PrincipalType;
  readonly principal_id: string;
  readonly role_id: string;
  readonly effect: BindingEffect;
  readonly expires_at: Date | null;
}

/** Ends live bindings that match, and tells of each; returns how many there were. */
export async function revokeBindings(
  context: CommandContext,
  where: { column: 'id' | 'principal_id' | 'role_id'; value: string },
): Promise<number> {
  const rows = await context.tx.rows<LiveBinding>(
    `update iam.role_bindings set revoked_at = $2, revoked_by = $3, version = version + 1
     where ${where.column} = $1 and revoked_at is null and organization_id is not distinct from $4
     returning id, organization_id, scope_level, scope_id, principal_type, principal_id, role_id, effect, expires_at`,
    [where.value, context.now, context.actor.id, context.scope.organizationId],
  );
  for (const row of rows) {
    const scope: Scope = { level: row.scope_level, id: row.scope_id, organizationId: row.organization_id };
    const facts = {
      principalType: row.principal_type,
      principalId: row.principal_id,
      roleId: row.role_id,
      effect: row.effect,
    };
    context.emit(roleBindingRevoked, {
      subjectId: row.id,
      scope,
      data: eventData({ ...facts, scope, expiresAt: row.expires_at }),
    });
  }
  return rows.length;
}

function eventData(request: Omit<BindingRequest, 'reason'>) {
  return {
    principalId: request.principalId,
    principalType: request.principalType,
    roleId: request.roleId,
    scopeLevel: request.scope.level,
    scopeId: request.scope.id,
    effect: request.effect,
    expiresAt: request.expiresAt?.toISOString() ?? null,
  };
}
