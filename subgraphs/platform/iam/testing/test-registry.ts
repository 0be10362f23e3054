import { readFileSync } from 'node:fs';
import path from 'node:path';
import { projectPath } from '../../../../kernel/project-path.js';
import type { RegisteredPermission, Registry } from '../../registry/index.js';
import { onboardingPacket } from '../../registry/index.js';

/** A registry over IAM's own packet and what a test adds: the stand-in of the registry domain. */
export class TestRegistry implements Registry {
  readonly #permissions = new Map<string, RegisteredPermission>();
  readonly #policies = new Map<string, NonNullable<ReturnType<Registry['policyDefinition']>>>();
  readonly #dimensions = new Map([['gpus', { id: 'gpus', unit: 'GPU', description: 'GPUs in use.' }]]);
  readonly #listeners = new Set<() => void>();

  constructor() {
    const { registries } = iamPacket();
    if (Array.isArray(registries.permissions))
      for (const entry of registries.permissions) this.#permissions.set(entry.id, entry);
    if (Array.isArray(registries.policyKeys)) {
      for (const { minimum, maximum, allowedValues, ...entry } of registries.policyKeys) {
        this.#policies.set(entry.key, {
          ...entry,
          ...(minimum === undefined ? {} : { minimum }),
          ...(maximum === undefined ? {} : { maximum }),
          ...(allowedValues === undefined ? {} : { allowedValues }),
        });
      }
    }
  }

  /** Registers a permission, as a product's packet would at run time. */
  addPermission(id: string, roles: readonly string[], needsStepUp = false): void {
    this.#permissions.set(id, { id, description: 'Of a test.', roles, needsStepUp });
    for (const listener of this.#listeners) listener();
  }

  addDimension(id: string): void {
    this.#dimensions.set(id, { id, unit: id, description: 'Of a test.' });
  }

  get subgraph(): never {
    throw new Error('the stand-in registry has no subgraph');
  }
  permissions() {
    return [...this.#permissions.values()];
  }
  isPermission(id: string) {
    return this.#permissions.has(id);
  }
  isActiveProduct() {
    return true;
  }
  usageUnit() {
    return null;
  }
  policyDefinition(key: string) {
    return this.#policies.get(key) ?? null;
  }
  policyDefinitions() {
    return [...this.#policies.values()];
  }
  quotaDimension(id: string) {
    return this.#dimensions.get(id) ?? null;
  }
  quotaDimensions() {
    return [...this.#dimensions.values()];
  }
  onChange(listener: () => void) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  registerPacket(): never {
    throw new Error('the stand-in registry takes no packets');
  }
  assertRegistered(): void {}
  reportHealth(): never {
    throw new Error('the stand-in registry has no components');
  }
}

export function iamPacket() {
  const file = path.join(projectPath('subgraphs', 'platform', 'iam'), 'packet.json');
  return onboardingPacket.parse(JSON.parse(readFileSync(file, 'utf8')));
}
