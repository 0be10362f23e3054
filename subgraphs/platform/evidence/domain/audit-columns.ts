import type { AuditBody } from './audit-body.js';

/** What is searched by. A projection of the body: verification proves that the two agree. */
export interface AuditColumns {
  readonly id: string;
  readonly organizationId: string | null;
  readonly projectId: string | null;
  readonly scopeLevel: string;
  readonly scopeId: string;
  readonly action: string;
  readonly result: string;
  readonly actorKind: string;
  readonly actorId: string;
  readonly targetType: string | null;
  readonly targetId: string | null;
  readonly correlationId: string;
  readonly reasonCode: string | null;
  readonly occurredAt: string;
}

export function auditColumns(body: AuditBody): AuditColumns {
  return {
    id: body.id,
    organizationId: body.scope.organizationId,
    projectId: body.scope.level === 'project' ? body.scope.id : null,
    scopeLevel: body.scope.level,
    scopeId: body.scope.id,
    action: body.action,
    result: body.result,
    actorKind: body.actor.kind,
    actorId: body.actor.id,
    targetType: body.target?.type ?? null,
    targetId: body.target?.id ?? null,
    correlationId: body.correlationId,
    reasonCode: body.reasonCode,
    occurredAt: body.occurredAt,
  };
}
