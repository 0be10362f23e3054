import type { CommandPipeline } from '../../../kernel/commands/command-pipeline.js';
import type { Database } from '../../../kernel/database/database.js';
import type { Logger } from '../../../kernel/telemetry/logger.js';
import type { Billing } from '../../platform/billing/index.js';
import type { Iam } from '../../platform/iam/index.js';
import type { Registry } from '../../platform/registry/index.js';
import type { TaskSigner } from './signing/task-signer.js';
import type { AllocationTiming } from './timing.js';

/** What the use cases and jobs of this domain are made with. */
export interface AllocationServices {
  readonly database: Database;
  readonly pipeline: CommandPipeline;
  readonly logger: Logger;
  readonly iam: Pick<Iam, 'directory' | 'quotas' | 'policies' | 'secrets'>;
  readonly billing: Pick<Billing, 'prices' | 'holds' | 'usage'>;
  readonly registry: Pick<Registry, 'usageUnit' | 'reportHealth'>;
  readonly signer: TaskSigner;
  readonly timing: AllocationTiming;
}

export function secondsAfter(moment: Date, seconds: number): Date {
  return new Date(moment.getTime() + seconds * 1000);
}
