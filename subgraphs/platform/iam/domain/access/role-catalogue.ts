import type { RegisteredPermission } from '../../../registry/index.js';
import { BUILT_IN_ROLES, includedRoles } from './built-in-roles.js';
import { type PermissionBits, PermissionIndex, hasNumber } from './permission-set.js';

/** What the registry says now: permissions, what each built-in role has, what needs a fresh step-up. Immutable. */
export class RoleCatalogue {
  readonly index: PermissionIndex;
  readonly #builtIn = new Map<string, PermissionBits>();
  readonly #stepUp: PermissionBits;

  constructor(permissions: readonly RegisteredPermission[]) {
    this.index = new PermissionIndex(permissions.map((permission) => permission.id));
    this.#stepUp = this.index.bits(
      permissions.filter((permission) => permission.needsStepUp).map((permission) => permission.id),
    );
    for (const role of BUILT_IN_ROLES) {
      const included = includedRoles(role.name);
      const held = permissions.filter(
        (permission) => role.name === 'platform_admin' || permission.roles.some((name) => included.has(name)),
      );
      this.#builtIn.set(role.id, this.index.bits(held.map((permission) => permission.id)));
    }
  }

  builtInBits(roleId: string): PermissionBits | null {
    return this.#builtIn.get(roleId) ?? null;
  }

  needsStepUp(number: number): boolean {
    return hasNumber(this.#stepUp, number);
  }
}
