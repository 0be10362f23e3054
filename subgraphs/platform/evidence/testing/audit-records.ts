import type { AuditRecord } from '../../../../kernel/access/authority.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { testHuman } from '../../../../kernel/testing/test-kernel.js';

/** A record of something in an organization, to be changed by tests. */
export function testRecord(organizationId: string, overrides: Partial<AuditRecord> = {}): AuditRecord {
  return {
    action: 'tests.thing.make',
    result: 'success',
    actor: testHuman([organizationId], { ip: '192.0.2.7', userAgent: 'tests/1.0' }),
    scope: { level: 'organization', id: organizationId, organizationId },
    targetType: 'Thing',
    targetId: newId('alc'),
    correlationId: newId('cor'),
    reasonCode: null,
    metadata: { amount: 7n, note: 'été' },
    ...overrides,
  };
}
