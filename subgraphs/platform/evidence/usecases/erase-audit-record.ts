import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { findSecrets } from '../domain/secret-detection.js';

/**
 * Erases the body and salt of an audit record, so that what was personal in it cannot be recovered, and leaves its place
 * in the log, its leaf and what it is searched by. Cannot be undone. Refuses NOT_FOUND, and INVALID_STATE when it is erased.
 */
export const eraseAuditRecord = defineCommand({
  action: 'evidence.audit_record.erase',
  input: z.object({
    id: z.string().max(64),
    reason: z
      .string()
      .trim()
      .min(10, 'must say why, in at least 10 characters')
      .max(500, 'must have at most 500 characters'),
    idempotencyKey,
  }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const { tx, actor, correlationId } = context;
    if (findSecrets(input.reason).length > 0) {
      return refuse('SECRET_REFUSED', 'The reason holds what looks like a secret.', { field: ['input', 'reason'] });
    }
    const record = await tx.row<{ log_index: bigint }>('select log_index from evidence.audit_records where id = $1', [
      input.id,
    ]);
    if (record === null)
      return refuse('NOT_FOUND', `There is no audit record ${input.id}.`, { field: ['input', 'id'] });
    const erased = await tx.row<{ done: boolean }>('select evidence.erase_audit_record($1, $2, $3, $4) as done', [
      record.log_index,
      input.reason,
      actor.id,
      correlationId,
    ]);
    if (erased?.done !== true)
      return refuse('INVALID_STATE', 'The body of this record was erased before.', { field: ['input', 'id'] });
    context.describe(
      { type: 'AuditRecord', id: input.id },
      { logIndex: record.log_index.toString(), reason: input.reason },
    );
    return accept({ id: input.id });
  },
});
