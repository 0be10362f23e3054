import { accept } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { inTurn } from '../../../../kernel/testing/in-turn.js';
import type { Directory, Policies } from '../../iam/index.js';
import type { Registry, UsageUnit } from '../../registry/index.js';
import type { Place } from '../contract.js';

/** Stands in for IAM: knows the organizations and projects that a test made. */
export class TestDirectory implements Directory {
  readonly #organizations = new Map<string, boolean>();
  readonly #projects = new Map<string, Place>();

  organizationNew(): string {
    const id = newId('org');
    this.#organizations.set(id, true);
    return id;
  }

  projectNew(organizationId: string = this.organizationNew()): Place {
    const place = { organizationId, departmentId: newId('dep'), projectId: newId('prj') };
    this.#projects.set(place.projectId, place);
    return place;
  }

  async project(projectId: string) {
    const place = this.#projects.get(projectId);
    if (place === undefined) return null;
    const scope = { level: 'project', id: projectId, organizationId: place.organizationId } as const;
    return { ...place, name: 'A project', isActive: true, scope };
  }

  async organization(organizationId: string) {
    if (!this.#organizations.has(organizationId)) return null;
    const scope = { level: 'organization', id: organizationId, organizationId } as const;
    return { organizationId, name: 'An organization', isActive: true, scope };
  }

  async sshPublicKeys() {
    return [];
  }

  async projectOfApiKey() {
    return null;
  }
}

/** Stands in for IAM: the defaults of the packet, and what a test sets. */
export class TestPolicies implements Policies {
  readonly values = new Map<string, number>([
    ['billing.low_balance_threshold_minor', 500],
    ['billing.depletion_window_seconds', 3600],
    ['billing.minimum_deposit_minor', 1000],
    ['billing.maximum_deposit_minor', 100_000],
  ]);

  value: Policies['value'] = async (_tx, key, scope) => {
    const value = this.values.get(key);
    if (value === undefined) throw new Error(`no policy ${key}`);
    return { value, isDenied: false, source: scope };
  };

  valuesAt: Policies['valuesAt'] = (tx, key, scopes) => inTurn(scopes, (scope) => this.value(tx, key, scope));
}

const UNITS: readonly UsageUnit[] = [
  { id: 'gpu_hour', base: 'gpu_second', basePerUnit: 3600n, productIds: ['gpu-allocations'] },
  { id: 'app_runtime_hour', base: 'second', basePerUnit: 3600n, productIds: ['apps'] },
  { id: 'input_token', base: 'token', basePerUnit: 1n, productIds: ['token-factory'] },
  { id: 'output_token', base: 'token', basePerUnit: 1n, productIds: ['token-factory'] },
];

/** Stands in for the registry: three active products and their units. */
export class TestRegistry implements Pick<Registry, 'usageUnit' | 'isActiveProduct' | 'reportHealth'> {
  readonly inactive = new Set<string>();
  readonly reports: { componentId: string; health: string }[] = [];

  usageUnit(id: string): UsageUnit | null {
    return UNITS.find((unit) => unit.id === id) ?? null;
  }

  isActiveProduct(productId: string): boolean {
    return ['gpu-allocations', 'apps', 'token-factory'].includes(productId) && !this.inactive.has(productId);
  }

  reportHealth: Registry['reportHealth'] = async (_tx, report) => {
    this.reports.push(report);
    return accept(null);
  };
}
