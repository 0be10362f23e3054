import type { Transaction } from '../../../../kernel/database/transaction.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { TestAuthority } from '../../../../kernel/testing/test-authority.js';
import { inTurn } from '../../../../kernel/testing/in-turn.js';
import type { Billing, PriceSnapshot, UsageEvent } from '../../../platform/billing/index.js';
import type { Iam, ProjectPlace } from '../../../platform/iam/index.js';
import type { Registry } from '../../../platform/registry/index.js';
import type { AllocationView, Allocations } from '../../allocations/index.js';
import packet from '../packet.json' with { type: 'json' };

/** Stands in for the other domains in tests of this one: their contracts, in memory, with faults on demand. */
export class TestPlatform
  implements
    Pick<Iam, 'directory' | 'quotas' | 'policies'>,
    Pick<Billing, 'prices' | 'usage'>,
    Pick<Registry, 'reportHealth'>,
    Pick<Allocations, 'find'>
{
  readonly projects = new Map<string, ProjectPlace>();
  readonly allocations = new Map<string, AllocationView>();
  /** Price keys that have no price. */
  readonly unpriced = new Set<string>();
  readonly used: UsageEvent[] = [];
  readonly health = new Map<string, string>();
  readonly policyValues = new Map<string, unknown>();
  instanceQuota = 1000;
  readonly held = new Set<string>();
  readonly authority: TestAuthority;

  constructor(authority: TestAuthority) {
    this.authority = authority;
    for (const { key, defaultValue } of packet.registries.policyKeys) this.policyValues.set(key, defaultValue);
  }

  addProject(organizationId = newId('org')): ProjectPlace {
    const projectId = newId('prj');
    const scope = { level: 'project' as const, id: projectId, organizationId };
    const place = { projectId, departmentId: newId('dep'), organizationId, name: 'project', isActive: true, scope };
    this.projects.set(projectId, place);
    return place;
  }

  addAllocation(projectId: string, facts: Partial<AllocationView> = {}): string {
    const place = this.projects.get(projectId);
    if (place === undefined) throw new Error('no such project');
    const id = newId('alc');
    const { organizationId, departmentId } = place;
    const view: AllocationView = {
      id,
      organizationId,
      departmentId,
      projectId,
      state: 'active',
      skuName: 'h200-sxm-slice',
      capacityShape: 'gpu_slice',
      gpuCount: 2,
      host: '127.0.0.1',
      ...facts,
    };
    this.allocations.set(id, view);
    return id;
  }

  endAllocation(id: string, state: AllocationView['state'] = 'releasing'): void {
    const view = this.allocations.get(id);
    if (view !== undefined) this.allocations.set(id, { ...view, state });
  }

  async find(_tx: Transaction, id: string): Promise<AllocationView | null> {
    return this.allocations.get(id) ?? null;
  }

  readonly directory: Iam['directory'] = {
    project: async (id) => this.projects.get(id) ?? null,
    organization: async () => null,
    sshPublicKeys: async () => [],
    projectOfApiKey: async () => null,
  };

  readonly quotas: Iam['quotas'] = {
    hold: async (_tx, request) => {
      if (this.held.size >= this.instanceQuota) {
        return refuse('QUOTA_EXCEEDED', 'The quota of app instances is used up.', {
          details: { dimension: request.dimension, limit: this.instanceQuota },
        });
      }
      this.held.add(request.reference);
      return accept({ holdId: request.reference });
    },
    holdAll: async (tx, { amounts, ...request }) => {
      const holdIds: string[] = [];
      for (const amount of amounts) {
        const held = await this.quotas.hold(tx, { ...request, ...amount });
        if (!held.ok) return held;
        holdIds.push(held.value.holdId);
      }
      return accept({ holdIds });
    },
    holdTogether: (tx, requests) => inTurn(requests, (request) => this.quotas.holdAll(tx, request)),
    commit: async () => accept(null),
    release: async (_tx, reference) => void this.held.delete(reference),
  };

  readonly policies: Iam['policies'] = {
    value: async (_tx, key, scope) => {
      const value = this.policyValues.get(key);
      if (value === undefined) throw new Error(`policy ${key} is not defined`);
      return { value: value as string | number | boolean | readonly string[], isDenied: false, source: scope };
    },
    valuesAt: (tx, key, scopes) => inTurn(scopes, (scope) => this.policies.value(tx, key, scope)),
  };

  readonly prices: Billing['prices'] = {
    snapshot: async (_tx, { priceKey, unit }) => {
      if (this.unpriced.has(priceKey)) return refuse('PRICE_UNKNOWN', `No price is in force for ${priceKey}.`);
      const snapshot: PriceSnapshot = {
        id: newId('psn'),
        priceKey,
        unit,
        unitPriceNanos: 0n,
        currency: 'USD',
        hash: 'hash',
      };
      return accept(snapshot);
    },
    snapshots: (tx, requests) => inTurn(requests, (request) => this.prices.snapshot(tx, request)),
    byId: async () => null,
  };

  readonly usage: Billing['usage'] = {
    record: async (_tx, event) => {
      const isDuplicate = this.used.some((known) => known.id === event.id);
      if (!isDuplicate) this.used.push(event);
      return accept({ usageId: event.id, amountNanos: 0n, isDuplicate });
    },
  };

  async reportHealth(
    _tx: Transaction,
    report: { componentId: string; health: string },
  ): ReturnType<Registry['reportHealth']> {
    this.health.set(report.componentId, report.health);
    return accept(null);
  }
}
