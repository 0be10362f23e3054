import { PLATFORM_SCOPE, type Scope } from '../../../kernel/access/authority.js';
import type { Transaction } from '../../../kernel/database/transaction.js';
import type { Registry } from '../registry/index.js';
import type { Policies } from './contract.js';
import { type EffectivePolicy, effectivePolicy } from './domain/policy-bounds.js';
import { policySettings } from './store/policy-queries.js';

export class PolicyValues implements Policies {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  async value(tx: Transaction, key: string, scope: Scope): Promise<EffectivePolicy> {
    const [effective] = await this.valuesAt(tx, key, [scope]);
    if (effective === undefined) throw new Error(`nothing is said about the policy "${key}"`);
    return effective;
  }

  async valuesAt(tx: Transaction, key: string, scopes: readonly Scope[]): Promise<EffectivePolicy[]> {
    const definition = this.#registry.policyDefinition(key);
    if (definition === null) throw new Error(`the policy "${key}" is not registered`);
    const settings = await policySettings(tx, key, scopes);
    return settings.map((ofScope) => effectivePolicy(definition, ofScope, PLATFORM_SCOPE));
  }
}
