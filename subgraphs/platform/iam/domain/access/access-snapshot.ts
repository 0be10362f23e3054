import { type AccessFacts, type BindingFact, EVERYONE, type ScopeFact } from './access-facts.js';
import { type PermissionBits, hasNumber, isEmpty, union } from './permission-set.js';
import type { RoleCatalogue } from './role-catalogue.js';

/** Compiled principals that one snapshot remembers; beyond it, it begins anew. */
const COMPILED_MAX = 50_000;

/** A binding that ends: looked at anew in every decision. */
interface TimedGrant {
  readonly scope: number;
  readonly bits: PermissionBits;
  readonly isDeny: boolean;
  readonly expiresAt: number;
}

/** What one principal has, with the groups flattened in. */
export interface PrincipalGrants {
  readonly principalIds: readonly string[];
  readonly allow: ReadonlyMap<number, PermissionBits>;
  readonly deny: ReadonlyMap<number, PermissionBits>;
  readonly timed: readonly TimedGrant[];
  readonly isRevoked: boolean;
}

interface Guardrail {
  readonly bits: PermissionBits;
  readonly expiresAt: number | null;
}

/** Whether and why one permission stands at one scope, of this snapshot's bindings alone. */
export interface Standing {
  readonly isAllowed: boolean;
  readonly isDenied: boolean;
  readonly isBounded: boolean;
  /** An allow that would have granted, but ended. */
  readonly hasExpired: boolean;
}

/**
 * Immutable and complete: decides for one organization (or the platform) without I/O. Scopes are an array with parents;
 * what a principal has is compiled once, on first use, into one bitset a scope. Swapped whole when access changes.
 */
export class AccessSnapshot {
  readonly facts: AccessFacts;
  readonly catalogue: RoleCatalogue;
  readonly #numbers = new Map<string, number>();
  readonly #parents: Int32Array;
  readonly #roles = new Map<string, PermissionBits>();
  readonly #bindings = new Map<string, BindingFact[]>();
  readonly #groupsOf = new Map<string, string[]>();
  readonly #guardrails = new Map<number, Guardrail[]>();
  readonly #members: ReadonlySet<string>;
  readonly #revoked: ReadonlySet<string>;
  readonly #grants = new Map<string, PrincipalGrants>();
  #byScope: Map<string, BindingFact[]> | undefined;

  constructor(facts: AccessFacts, catalogue: RoleCatalogue) {
    this.facts = facts;
    this.catalogue = catalogue;
    for (const [number, scope] of facts.scopes.entries()) this.#numbers.set(scope.id, number);
    this.#parents = Int32Array.from(facts.scopes, (scope) =>
      scope.parentId === null ? -1 : this.scopeNumber(scope.parentId),
    );
    for (const role of facts.customRoles) this.#roles.set(role.id, catalogue.index.bits(role.permissions));
    for (const { groupId, memberId } of facts.groupMembers) append(this.#groupsOf, memberId, groupId);
    for (const binding of facts.bindings) append(this.#bindings, binding.principalId, binding);
    for (const binding of this.#bindings.get(EVERYONE) ?? []) this.#addGuardrail(binding);
    this.#members = new Set(facts.members);
    this.#revoked = new Set(facts.revokedPrincipals);
  }

  #addGuardrail(binding: BindingFact): void {
    const scope = this.scopeNumber(binding.scopeId);
    const bits = this.roleBits(binding.roleId);
    if (scope >= 0 && binding.effect === 'guardrail')
      append(this.#guardrails, scope, { bits, expiresAt: binding.expiresAt });
  }

  get revision(): bigint {
    return this.facts.revision;
  }

  /** -1 for a scope that this snapshot does not have. */
  scopeNumber(scopeId: string): number {
    return this.#numbers.get(scopeId) ?? -1;
  }

  scope(scopeId: string): ScopeFact | null {
    return this.facts.scopes[this.scopeNumber(scopeId)] ?? null;
  }

  parentOf(scope: number): number {
    return this.#parents[scope] ?? -1;
  }

  /** Nothing for a role that is gone. */
  roleBits(roleId: string): PermissionBits {
    return this.#roles.get(roleId) ?? this.catalogue.builtInBits(roleId) ?? this.catalogue.index.none();
  }

  isMember(principalId: string): boolean {
    return this.#members.has(principalId);
  }

  isRevoked(principalId: string): boolean {
    return this.#revoked.has(principalId);
  }

  /** Restrictions exist somewhere: a list cannot take a whole organization by its root alone. */
  hasRestrictions(grants: PrincipalGrants): boolean {
    return this.#guardrails.size > 0 || grants.deny.size > 0 || grants.timed.some((grant) => grant.isDeny);
  }

  grantsOf(principalId: string): PrincipalGrants {
    const known = this.#grants.get(principalId);
    if (known !== undefined) return known;
    const grants = this.#compile(principalId);
    if (this.#grants.size >= COMPILED_MAX) this.#grants.clear();
    this.#grants.set(principalId, grants);
    return grants;
  }

  /** The principal and every group that it is in, through groups of groups; a cycle ends at what was seen. */
  principalsOf(principalId: string): string[] {
    const seen = new Set([principalId]);
    const queue = [principalId];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      for (const group of this.#groupsOf.get(next) ?? []) {
        if (seen.has(group)) continue;
        seen.add(group);
        queue.push(group);
      }
    }
    return [...seen];
  }

  #compile(principalId: string): PrincipalGrants {
    const principalIds = this.principalsOf(principalId);
    const allow = new Map<number, PermissionBits>();
    const deny = new Map<number, PermissionBits>();
    const timed: TimedGrant[] = [];
    for (const binding of principalIds.flatMap((id) => this.#bindings.get(id) ?? [])) {
      const scope = this.scopeNumber(binding.scopeId);
      const bits = this.roleBits(binding.roleId);
      if (scope < 0 || binding.effect === 'guardrail' || isEmpty(bits)) continue;
      const isDeny = binding.effect === 'deny';
      if (binding.expiresAt !== null) timed.push({ scope, bits, isDeny, expiresAt: binding.expiresAt });
      else merge(isDeny ? deny : allow, scope, bits, this.catalogue);
    }
    return { principalIds, allow, deny, timed, isRevoked: this.#revoked.has(principalId) };
  }

  /** Decides one permission at one scope over its ancestors. `now` in milliseconds since 1970. */
  standing(grants: PrincipalGrants, permission: number, scope: number, now: number): Standing {
    let isAllowed = false;
    let isDenied = false;
    let isBounded = false;
    let hasExpired = false;
    for (let at = scope; at >= 0; at = this.parentOf(at)) {
      isAllowed ||= has(grants.allow.get(at), permission);
      isDenied ||= has(grants.deny.get(at), permission);
      isBounded ||= this.#isBounded(at, permission, now);
      for (const grant of grants.timed) {
        if (grant.scope !== at || !hasNumber(grant.bits, permission)) continue;
        if (grant.expiresAt <= now) hasExpired ||= !grant.isDeny;
        else if (grant.isDeny) isDenied = true;
        else isAllowed = true;
      }
    }
    return { isAllowed, isDenied, isBounded, hasExpired };
  }

  #isBounded(scope: number, permission: number, now: number): boolean {
    const guardrails = this.#guardrails.get(scope);
    if (guardrails === undefined) return false;
    return guardrails.some(
      ({ bits, expiresAt }) => (expiresAt === null || expiresAt > now) && !hasNumber(bits, permission),
    );
  }

  /** Whether the principal has anything at all at the scope, above it, or (for containers) below it. */
  touches(grants: PrincipalGrants, scope: number, now: number): boolean {
    const live = new Set(grants.allow.keys());
    for (const grant of grants.timed) if (!grant.isDeny && grant.expiresAt > now) live.add(grant.scope);
    if (live.size === 0) return false;
    for (let at = scope; at >= 0; at = this.parentOf(at)) if (live.has(at)) return true;
    for (const granted of live) for (let at = granted; at >= 0; at = this.parentOf(at)) if (at === scope) return true;
    return false;
  }

  /** The scope and its ancestors, innermost first; empty for an unknown one. */
  chainOf(scopeId: string): ScopeFact[] {
    const chain: ScopeFact[] = [];
    for (let at = this.scopeNumber(scopeId); at >= 0; at = this.parentOf(at)) {
      const scope = this.facts.scopes[at];
      if (scope !== undefined) chain.push(scope);
    }
    return chain;
  }

  /** Bindings made at exactly this scope. */
  bindingsAt(scopeId: string): readonly BindingFact[] {
    this.#byScope ??= Map.groupBy(this.facts.bindings, (binding) => binding.scopeId);
    return this.#byScope.get(scopeId) ?? [];
  }

  /** Bindings of the principal (and its groups) that hold the permission at the scope or above: for explanations. */
  bindingsThatHold(principalId: string, permission: number, scope: number): BindingFact[] {
    const chain = new Set<string>();
    for (let at = scope; at >= 0; at = this.parentOf(at)) chain.add(this.facts.scopes[at]?.id ?? '');
    return this.principalsOf(principalId)
      .flatMap((id) => this.#bindings.get(id) ?? [])
      .filter((binding) => chain.has(binding.scopeId) && hasNumber(this.roleBits(binding.roleId), permission));
  }
}

function has(bits: PermissionBits | undefined, permission: number): boolean {
  return bits !== undefined && hasNumber(bits, permission);
}

function merge(
  target: Map<number, PermissionBits>,
  scope: number,
  bits: PermissionBits,
  catalogue: RoleCatalogue,
): void {
  let merged = target.get(scope);
  if (merged === undefined) {
    merged = catalogue.index.none();
    target.set(scope, merged);
  }
  union(merged, bits);
}

function append<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
