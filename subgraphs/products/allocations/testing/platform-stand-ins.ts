import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { multiplyRatio } from '../../../../kernel/money/nano-units.js';
import { inTurn } from '../../../../kernel/testing/in-turn.js';
import type { Billing, PriceSnapshot, UsageEvent } from '../../../platform/billing/index.js';
import type { Iam, ProjectPlace, QuotaHoldRequest } from '../../../platform/iam/index.js';
import type { Registry } from '../../../platform/registry/index.js';

/**
 * Stands in for IAM, billing and the registry in tests of this domain. Quota and money are counted in memory when the
 * transaction has committed, so a refused command leaves nothing behind. Limits and prices are what the test sets.
 */
export class PlatformStandIns {
  readonly projects = new Map<string, ProjectPlace>();
  readonly sshKeys = new Map<
    string,
    { id: string; ownerId: string; organizationId: string | null; publicKey: string }
  >();
  /** By dimension; without one there is no limit. */
  readonly quotaLimits = new Map<string, bigint>();
  readonly quota = new Map<string, { dimension: string; amount: bigint; status: 'held' | 'committed' }>();
  readonly prices = new Map<string, PriceSnapshot>();
  /** By organization; without one there is no limit. */
  readonly balances = new Map<string, bigint>();
  readonly moneyHolds = new Map<string, bigint>();
  readonly usage = new Map<string, UsageEvent>();
  readonly voided: string[] = [];
  readonly health = new Map<string, string>();
  maxConcurrentPerUser = 1_000_000;
  isDenied = false;
  quotaCommitFails = false;
  readonly #pending = new WeakMap<Transaction, Map<string, { dimension: string; amount: bigint }>>();
  readonly #pendingMoney = new WeakMap<Transaction, bigint>();
  readonly #secrets = new Map<string, string>();

  project(organizationId = newId('org')): ProjectPlace {
    const projectId = newId('prj');
    const place: ProjectPlace = {
      projectId,
      departmentId: newId('dep'),
      organizationId,
      name: 'Project',
      isActive: true,
      scope: { level: 'project', id: projectId, organizationId },
    };
    this.projects.set(projectId, place);
    return place;
  }

  price(skuName: string, unit: string, unitPriceNanos: bigint): void {
    const priceKey = `sku:${skuName}`;
    this.prices.set(priceKey, {
      id: newId('psn'),
      priceKey,
      unit,
      unitPriceNanos,
      currency: 'USD',
      hash: 'sha256:test',
    });
  }

  used(dimension: string): bigint {
    return [...this.quota.values()].reduce((sum, hold) => sum + (hold.dimension === dimension ? hold.amount : 0n), 0n);
  }

  readonly iam: Pick<Iam, 'directory' | 'quotas' | 'policies' | 'secrets'> = {
    directory: {
      project: async (id) => this.projects.get(id) ?? null,
      organization: async (id) => {
        const known = [...this.projects.values()].some((project) => project.organizationId === id);
        const scope = { level: 'organization' as const, id, organizationId: id };
        return known ? { organizationId: id, name: 'Organization', isActive: true, scope } : null;
      },
      sshPublicKeys: async (_tx, ids) => ids.flatMap((id) => this.sshKeys.get(id) ?? []),
      projectOfApiKey: async () => null,
    },
    quotas: {
      hold: async (tx, request) => this.#holdQuota(tx, request),
      holdAll: async (tx, { amounts, ...request }) => {
        const holdIds: string[] = [];
        for (const amount of amounts) {
          const held = this.#holdQuota(tx, { ...request, ...amount });
          if (!held.ok) {
            await this.iam.quotas.release(tx, request.reference);
            return held;
          }
          holdIds.push(held.value.holdId);
        }
        return accept({ holdIds });
      },
      holdTogether: (tx, requests) => inTurn(requests, (request) => this.iam.quotas.holdAll(tx, request)),
      commit: async (tx, reference, dimension) => {
        if (this.quotaCommitFails) return refuse('EXPIRED', 'The hold has ended.');
        const hold = this.quota.get(`${reference} ${dimension}`);
        if (hold === undefined) return refuse('NOT_FOUND', 'There is no such hold.');
        tx.afterCommit(() => (hold.status = 'committed'));
        return accept(null);
      },
      release: async (tx, reference) => {
        const pending = this.#pendingOf(tx);
        for (const key of pending.keys()) if (key.startsWith(`${reference} `)) pending.delete(key);
        tx.afterCommit(() => {
          for (const key of this.quota.keys()) if (key.startsWith(`${reference} `)) this.quota.delete(key);
        });
      },
    },
    policies: {
      value: async (_tx, _key, scope) => ({ value: this.maxConcurrentPerUser, isDenied: this.isDenied, source: scope }),
      valuesAt: (tx, key, scopes) => inTurn(scopes, (scope) => this.iam.policies.value(tx, key, scope)),
    },
    secrets: {
      seal: async (_tx, secret) => {
        const secretId = newId('sec');
        this.#secrets.set(secretId, secret.plaintext);
        return { secretId };
      },
      open: async (_tx, secretId) => this.#secrets.get(secretId) ?? null,
      destroy: async (_tx, secretId) => void this.#secrets.delete(secretId),
    },
  };

  /** What a transaction that has not committed holds. */
  #pendingOf(tx: Transaction): Map<string, { dimension: string; amount: bigint }> {
    const known = this.#pending.get(tx);
    if (known !== undefined) return known;
    const pending = new Map<string, { dimension: string; amount: bigint }>();
    this.#pending.set(tx, pending);
    return pending;
  }

  #holdQuota(tx: Transaction, request: QuotaHoldRequest): Outcome<{ holdId: string }> {
    const { dimension, amount } = request;
    const limit = this.quotaLimits.get(dimension);
    const pending = this.#pendingOf(tx);
    const counted = [...pending.values()].reduce(
      (sum, hold) => sum + (hold.dimension === dimension ? hold.amount : 0n),
      0n,
    );
    if (limit !== undefined && this.used(dimension) + counted + amount > limit) {
      return refuse('QUOTA_EXCEEDED', `The quota of ${dimension} would be exceeded.`, {
        details: { dimension, limit: limit.toString() },
      });
    }
    const key = `${request.reference} ${dimension}`;
    pending.set(key, { dimension, amount });
    tx.afterCommit(() => this.quota.set(key, { dimension, amount, status: 'held' }));
    return accept({ holdId: key });
  }

  readonly billing: Pick<Billing, 'prices' | 'holds' | 'usage'> = {
    prices: {
      snapshot: async (_tx, request) => {
        const price = this.prices.get(request.priceKey);
        return price === undefined
          ? refuse('PRICE_UNKNOWN', `There is no price for ${request.priceKey}.`)
          : accept(price);
      },
      snapshots: (tx, requests) => inTurn(requests, (request) => this.billing.prices.snapshot(tx, request)),
      byId: async (_tx, id) => [...this.prices.values()].find((price) => price.id === id) ?? null,
    },
    holds: {
      hold: async (tx, request) => {
        const balance = this.balances.get(request.place.organizationId);
        const pending = this.#pendingMoney.get(tx) ?? 0n;
        const held = [...this.moneyHolds.values()].reduce((sum, amount) => sum + amount, pending);
        if (balance !== undefined && balance - held < request.amountNanos) {
          return refuse('INSUFFICIENT_BALANCE', 'The balance does not cover it.');
        }
        this.#pendingMoney.set(tx, pending + request.amountNanos);
        tx.afterCommit(() => this.moneyHolds.set(request.reference, request.amountNanos));
        return accept({ holdId: request.reference });
      },
      holdTogether: (tx, requests) => inTurn(requests, (request) => this.billing.holds.hold(tx, request)),
      settle: async () => accept({ transferId: null }),
      void: async (tx, reference) => {
        tx.afterCommit(() => {
          if (this.moneyHolds.delete(reference)) this.voided.push(reference);
        });
      },
    },
    usage: {
      record: async (tx, event) => {
        if (this.usage.has(event.id)) return accept({ usageId: event.id, amountNanos: 0n, isDuplicate: true });
        const price = [...this.prices.values()].find((candidate) => candidate.id === event.priceSnapshotId);
        if (price === undefined) return refuse('PRICE_UNKNOWN', 'There is no such price.');
        tx.afterCommit(() => {
          this.usage.set(event.id, event);
          if (event.holdReference !== undefined) this.moneyHolds.delete(event.holdReference);
        });
        return accept({
          usageId: event.id,
          amountNanos: multiplyRatio(event.baseQuantity, price.unitPriceNanos, 3600n),
          isDuplicate: false,
        });
      },
    },
  };

  readonly registry: Pick<Registry, 'usageUnit' | 'reportHealth'> = {
    usageUnit: (id) =>
      id === 'gpu_hour' || id === 'node_hour'
        ? { id, base: 'second', basePerUnit: 3600n, productIds: ['allocations'] }
        : null,
    reportHealth: async (_tx, report) => {
      this.health.set(report.componentId, report.health);
      return accept(null);
    },
  };
}
