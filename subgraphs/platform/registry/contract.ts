import type { Transaction } from '../../../kernel/database/transaction.js';
import type { Outcome } from '../../../kernel/errors/refusal.js';
import type { Subgraph } from '../../../kernel/subgraph.js';
import type { OnboardingPacket } from './packet/onboarding-packet.js';

export interface UsageUnit {
  readonly id: string;
  /** What is counted, such as `gpu_second`. */
  readonly base: string;
  /** How many of the base make one unit: 3600 GPU-seconds are one `gpu_hour`. */
  readonly basePerUnit: bigint;
  readonly productIds: readonly string[];
}

export interface RegisteredPermission {
  readonly id: string;
  readonly description: string;
  /** Built-in roles that have it, such as `project_member`. */
  readonly roles: readonly string[];
  /** The permission needs a fresh step-up (spec section 1). */
  readonly needsStepUp: boolean;
}

export interface PolicyDefinition {
  readonly key: string;
  readonly type: 'integer' | 'boolean' | 'string' | 'string_list';
  readonly description: string;
  readonly defaultValue: string | number | boolean | readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly allowedValues?: readonly string[];
}

export interface QuotaDimension {
  readonly id: string;
  readonly unit: string;
  readonly description: string;
}

/**
 * What is registered, from memory; unknown is refused everywhere. Only entries of products in service count: active
 * ones, and deprecated ones, whose running things must still be metered and released.
 */
export interface Registry {
  readonly subgraph: Subgraph;
  permissions(): readonly RegisteredPermission[];
  isPermission(id: string): boolean;
  /** Whether the product is in service: active or deprecated. */
  isActiveProduct(productId: string): boolean;
  usageUnit(id: string): UsageUnit | null;
  policyDefinition(key: string): PolicyDefinition | null;
  policyDefinitions(): readonly PolicyDefinition[];
  quotaDimension(id: string): QuotaDimension | null;
  quotaDimensions(): readonly QuotaDimension[];
  /** Called after the registry changed (packets are data and may come at run time). */
  onChange(listener: () => void): () => void;
  /** Registers or replaces a packet; refuses one with a missing field, naming all of them at once. Idempotent by content. */
  registerPacket(packet: unknown): Promise<Outcome<{ productId: string; isChanged: boolean }>>;
  /** Throws, naming them, when a command's action or an event type of these subgraphs is not registered. Called at start-up. */
  assertRegistered(subgraphs: readonly Subgraph[]): void;
  /**
   * Reports the health of a registered status component; it becomes `unknown` when reports stop. Needs a transaction of
   * the system. Refuses NOT_REGISTERED.
   */
  reportHealth(
    tx: Transaction,
    report: { componentId: string; health: 'ready' | 'degraded' | 'unavailable'; detail?: string },
  ): Promise<Outcome<null>>;
}

export type { OnboardingPacket };
