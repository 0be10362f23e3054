import type { AuditRecord } from '../../../../kernel/access/authority.js';
import { PlatformError } from '../../../../kernel/errors/platform-error.js';
import { findSecrets } from './secret-detection.js';

/** A record as it is committed to: everything that is known, in a form that canonical JSON covers. */
export interface AuditBody {
  readonly [field: string]: unknown;
  readonly schema: 1;
  readonly id: string;
  readonly occurredAt: string;
  readonly action: string;
  readonly result: AuditRecord['result'];
  readonly actor: {
    readonly kind: string;
    readonly id: string;
    readonly displayName: string;
    readonly assurance: number;
    readonly credentialId: string | null;
    readonly sessionId: string | null;
  };
  readonly scope: { readonly level: string; readonly id: string; readonly organizationId: string | null };
  readonly target: { readonly type: string; readonly id: string | null } | null;
  readonly correlationId: string;
  readonly reasonCode: string | null;
  readonly origin: { readonly ip: string | null; readonly userAgent: string | null };
  readonly metadata: Readonly<Record<string, unknown>>;
}

const METADATA_CHARACTERS_MAX = 16 * 1024;
const USER_AGENT_LENGTH_MAX = 256;
const NAME_LENGTH_MAX = 200;

/**
 * The body of a record. Throws INTERNAL, naming the place but never the value, when metadata holds what looks like a
 * secret or is too large: a command that audits such a thing has a bug, and to strip it would hide that.
 */
export function auditBody(record: AuditRecord, id: string, now: Date): AuditBody {
  const { actor, scope } = record;
  const body: AuditBody = {
    schema: 1,
    id,
    occurredAt: now.toISOString(),
    action: record.action,
    result: record.result,
    actor: {
      kind: actor.kind,
      id: actor.id,
      displayName: foreignText(actor.displayName, NAME_LENGTH_MAX) ?? '',
      assurance: actor.assurance,
      credentialId: actor.credentialId ?? null,
      sessionId: actor.sessionId ?? null,
    },
    scope: { level: scope.level, id: scope.id, organizationId: scope.organizationId },
    target: record.targetType === null ? null : { type: record.targetType, id: record.targetId },
    correlationId: record.correlationId,
    reasonCode: record.reasonCode,
    origin: { ip: actor.ip ?? null, userAgent: foreignText(actor.userAgent, USER_AGENT_LENGTH_MAX) },
    metadata: checkedMetadata(record),
  };
  return storable(body) as AuditBody;
}

function checkedMetadata(record: AuditRecord): Readonly<Record<string, unknown>> {
  const [secret] = findSecrets(record.metadata);
  if (secret !== undefined) {
    const where = ['metadata', ...secret.path].join('.');
    throw new PlatformError(
      'INTERNAL',
      `Bug: the audit record of ${record.action} holds what looks like a secret (${secret.kind}) at ${where}.`,
    );
  }
  const length = JSON.stringify(storable(record.metadata)).length;
  if (length > METADATA_CHARACTERS_MAX) {
    throw new PlatformError(
      'INTERNAL',
      `Bug: the metadata of the audit record of ${record.action} has ${length} characters; ${METADATA_CHARACTERS_MAX} are allowed.`,
    );
  }
  return record.metadata;
}

/** Text that a stranger chose: it is cut, and blotted out when it looks like a secret, but never a reason to fail. */
function foreignText(text: string | undefined, lengthMax: number): string | null {
  if (text === undefined) return null;
  return findSecrets(text).length > 0 ? '[redacted]' : text.slice(0, lengthMax);
}

/** Neither jsonb nor canonical JSON holds U+0000 or half of a surrogate pair; strangers may send both. */
function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\uFFFD').toWellFormed();
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storable(key), storable(item)]));
}
