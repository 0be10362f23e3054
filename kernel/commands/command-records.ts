import type { Actor } from '../access/actor.js';
import { type AuditRecord, type Decision, PLATFORM_SCOPE, type Scope } from '../access/authority.js';
import { PlatformError } from '../errors/platform-error.js';
import type { Refused } from '../errors/refusal.js';

/** Who asks for a command, and what the request is called in logs and records. */
export interface Invocation {
  readonly actor: Actor;
  readonly correlationId: string;
}

/** What a command said of its target so far. */
export interface Draft {
  target: { type: string; id: string } | null;
  metadata: Readonly<Record<string, unknown>>;
}

const NO_DRAFT: Draft = { target: null, metadata: {} };

/** What is recorded of a command, whatever came of it. */
export function auditRecord(
  action: string,
  invocation: Invocation,
  facts: { scope: Scope; draft: Draft; result: AuditRecord['result'] },
): AuditRecord {
  return {
    action,
    result: facts.result,
    actor: invocation.actor,
    scope: facts.scope,
    targetType: facts.draft.target?.type ?? null,
    targetId: facts.draft.target?.id ?? null,
    correlationId: invocation.correlationId,
    reasonCode: null,
    metadata: facts.draft.metadata,
  };
}

/** The error of a denial; hides the scope's existence from those who may not know of it. */
export function denial(decision: Decision): PlatformError {
  if (!decision.isScopeVisible) return new PlatformError('NOT_FOUND', 'The thing that was named does not exist.');
  const code = decision.reason === 'STEP_UP_REQUIRED' ? 'STEP_UP_REQUIRED' : 'FORBIDDEN';
  return new PlatformError(code, decision.message, {
    decision: {
      id: decision.id,
      permission: decision.permission,
      scope: { level: decision.scope.level, id: decision.scope.id },
      reason: decision.reason,
      revision: decision.revision,
      ...decision.explanation,
    },
  });
}

/** The record of a denial: what was asked for is its target. */
export function denialRecord(decision: Decision, invocation: Invocation): AuditRecord {
  return {
    ...auditRecord(decision.permission, invocation, { scope: decision.scope, draft: NO_DRAFT, result: 'denied' }),
    targetType: decision.scope.level,
    targetId: decision.scope.id,
    reasonCode: decision.reason,
    metadata: { decisionId: decision.id, revision: decision.revision },
  };
}

/** The record of a refusal; without a scope, when what was named does not exist, it is the platform's. */
export function refusalRecord(
  action: string,
  invocation: Invocation,
  refused: { readonly scope: Scope | null; readonly outcome: Refused },
): AuditRecord {
  const { refusals } = refused.outcome;
  const draft = { target: null, metadata: { reasons: refusals.map((refusal) => refusal.code) } };
  const scope = refused.scope ?? PLATFORM_SCOPE;
  const record = auditRecord(action, invocation, { scope, draft, result: 'failure' });
  return { ...record, reasonCode: refusals[0]?.code ?? null };
}
