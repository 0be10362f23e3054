import type { Kernel } from '../../../../kernel/kernel.js';
import type { Billing } from '../../../platform/billing/index.js';
import type { ModelProvider } from '../providers/model-provider.js';
import type { ProviderKind } from '../store/token-factory-entities.js';
import type { CallerDependencies } from './caller.js';
import type { PriceList } from './price-list.js';
import type { ProviderMonitor } from './provider-monitor.js';
import type { RateLimiter } from './rate-limiter.js';
import type { RequestLog } from './request-log.js';
import type { SnapshotFollower } from './snapshot-follower.js';
import type { SpendGuard } from './spend-guard.js';

/** What the data plane works with; made once by the composition root. */
export interface GatewayParts {
  readonly kernel: Kernel;
  readonly callers: CallerDependencies;
  readonly balance: Billing['balance'];
  readonly snapshot: SnapshotFollower;
  readonly prices: PriceList;
  readonly rates: RateLimiter;
  readonly spend: SpendGuard;
  readonly log: RequestLog;
  readonly monitor: ProviderMonitor;
  readonly providers: Readonly<Record<ProviderKind, ModelProvider>>;
  readonly random: () => number;
  /** How long an upstream may take to the first byte of a stream. */
  readonly firstByteMilliseconds: number;
  /** How long an upstream may take for an answer that is not streamed. */
  readonly wholeMilliseconds: number;
  /** The longest pause between two pieces of a stream. */
  readonly idleMilliseconds: number;
}
