import type { Kernel } from '../../../../kernel/kernel.js';
import { type Caller, USE_PERMISSION } from './caller.js';

/** Records that a request was refused for a reason that an auditor asks about: access, allow-list, money. */
export async function auditDenial(
  parts: { kernel: Kernel },
  request: { caller: Caller; correlationId: string },
  denial: { routeId: string; reasonCode: string; model: string },
): Promise<void> {
  const { caller, correlationId } = request;
  await parts.kernel.database.transaction('system', async (tx) => {
    parts.kernel.pipeline.authority.audit(tx, {
      action: USE_PERMISSION,
      result: 'denied',
      actor: caller.actor,
      scope: caller.scope,
      targetType: 'ModelRoute',
      targetId: denial.routeId,
      correlationId,
      reasonCode: denial.reasonCode,
      metadata: { model: denial.model, apiKeyId: caller.apiKeyId },
    });
  });
}
