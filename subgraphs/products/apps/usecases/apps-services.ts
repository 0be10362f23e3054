import type { CommandContext } from '../../../../kernel/commands/command.js';
import type { Billing } from '../../../platform/billing/index.js';
import type { Iam } from '../../../platform/iam/index.js';
import type { Allocations } from '../../allocations/index.js';
import type { AppsTimings } from '../domain/timings.js';

/** What the use cases of this domain work with: contracts of others, and how long things may take. */
export interface AppsServices {
  readonly iam: Pick<Iam, 'directory' | 'quotas' | 'policies'>;
  readonly billing: Pick<Billing, 'prices' | 'usage'>;
  readonly allocations: Pick<Allocations, 'find'>;
  readonly timings: AppsTimings;
}

/** A use case at work: the command's context and the services. */
export interface Work {
  readonly context: CommandContext;
  readonly services: AppsServices;
}

/** How the domain is named towards the registry and billing. */
export const PRODUCT_ID = 'apps';
export const RUNTIME_UNIT = 'app_runtime_hour';
/** Quota dimension: instances that are not decommissioned. */
export const INSTANCE_QUOTA = 'app_instances';
export const SOURCES_POLICY = 'apps.artifact_sources';
export const ATTEMPTS_POLICY = 'apps.work_item_attempts_max';
