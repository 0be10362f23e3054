import { z } from 'zod';
import { defineEvent } from '../../../../kernel/events/event-type.js';

/** Not emitted through the outbox: the audit log itself is followed, and each record is told in this form. */
export const auditRecordAppended = defineEvent({
  type: 'evidence.audit_record.appended',
  subjectType: 'AuditRecord',
  description: 'A record got its place in the audit log.',
  data: z.object({
    logIndex: z.string(),
    action: z.string(),
    result: z.enum(['success', 'failure', 'denied']),
    targetType: z.string().nullable(),
    targetId: z.string().nullable(),
    reasonCode: z.string().nullable(),
  }),
});

export const bundleCreated = defineEvent({
  type: 'evidence.bundle.created',
  subjectType: 'EvidenceBundle',
  description: 'A bundle was opened.',
  data: z.object({ kind: z.string(), sourceSha: z.string(), environmentProfile: z.string() }),
});

export const itemAdded = defineEvent({
  type: 'evidence.item.added',
  subjectType: 'EvidenceBundle',
  description: 'An item was added to a bundle; it may supersede another.',
  data: z.object({ itemId: z.string(), type: z.string(), result: z.string(), supersedesId: z.string().nullable() }),
});

export const bundleSealed = defineEvent({
  type: 'evidence.bundle.sealed',
  subjectType: 'EvidenceBundle',
  description: 'A bundle was sealed: nothing can be added any more, and its digest names its contents.',
  data: z.object({ sealDigest: z.string(), items: z.int() }),
});

export const bundleSuperseded = defineEvent({
  type: 'evidence.bundle.superseded',
  subjectType: 'EvidenceBundle',
  description: 'A newer bundle took its place.',
  data: z.object({ supersededById: z.string() }),
});
