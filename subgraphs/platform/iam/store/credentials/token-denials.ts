import { ANONYMOUS, type Actor } from '../../../../../kernel/access/actor.js';
import { PLATFORM_SCOPE } from '../../../../../kernel/access/authority.js';
import type { Kernel } from '../../../../../kernel/kernel.js';
import type { RequestOrigin } from '../../contract.js';
import type { Client } from './client-book.js';

export type DenialReason =
  | 'unknown_client'
  | 'wrong_secret'
  | 'wrong_assertion'
  | 'not_usable'
  | 'throttled'
  | 'unsupported_grant_type'
  | 'invalid_target';

/** Audits that a client was not let in. Each denial is a record; what the client sent is not in it. */
export async function auditTokenDenial(
  kernel: Pick<Kernel, 'database' | 'pipeline'>,
  denial: { client: Client | null; reason: DenialReason; origin: RequestOrigin },
): Promise<void> {
  const { client, reason, origin } = denial;
  await kernel.database.transaction('system', async (tx) => {
    kernel.pipeline.authority.audit(tx, {
      action: 'iam.token.issue',
      result: 'denied',
      actor: client === null ? anonymousFrom(origin) : clientActor(client, origin),
      scope:
        client === null
          ? PLATFORM_SCOPE
          : { level: 'project', id: client.projectId, organizationId: client.organizationId },
      targetType: client === null ? null : 'ServiceAccount',
      targetId: client?.serviceAccountId ?? null,
      correlationId: origin.correlationId,
      reasonCode: reason,
      metadata: client === null ? {} : { clientId: client.keyId },
    });
  });
}

function anonymousFrom({ ip, userAgent }: RequestOrigin): Actor {
  return { ...ANONYMOUS, ...(ip !== undefined && { ip }), ...(userAgent !== undefined && { userAgent }) };
}

/** The service account of a client, before it has a token. */
export function clientActor(client: Client, { ip, userAgent }: RequestOrigin): Actor {
  return {
    kind: 'service_account',
    id: client.serviceAccountId,
    displayName: client.displayName,
    organizationIds: [client.organizationId],
    projectId: client.projectId,
    credentialId: client.keyId,
    assurance: 0,
    ...(ip !== undefined && { ip }),
    ...(userAgent !== undefined && { userAgent }),
  };
}
