import type { Transaction } from '../../../../kernel/database/transaction.js';
import type { AppEndpointView } from '../contract.js';

/** Endpoints of an instance that have an address, under the row level security of the transaction. */
export async function endpointViews(tx: Transaction, appInstanceId: string): Promise<AppEndpointView[]> {
  return tx.rows<AppEndpointView & { [column: string]: unknown }>(
    `select e.instance_id as "appInstanceId", e.organization_id as "organizationId", i.project_id as "projectId", i.app_slug as "appSlug",
       e.name as "endpointName", e.protocol, e.url, e.is_ready as "isReady"
     from apps.endpoints e join apps.instances i on i.id = e.instance_id
     where e.instance_id = $1 and e.url is not null order by e.name`,
    [appInstanceId],
  );
}
