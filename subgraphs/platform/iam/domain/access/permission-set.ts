/** A set of permissions as bits; the {@link PermissionIndex} says which bit is which. */
export type PermissionBits = Uint32Array;

/** Numbers permissions. Numbers are never reused, so that bits stay right when permissions are added. */
export class PermissionIndex {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];

  constructor(permissions: Iterable<string>) {
    for (const permission of permissions) {
      if (this.#numbers.has(permission)) continue;
      this.#numbers.set(permission, this.#names.length);
      this.#names.push(permission);
    }
  }

  /** -1 for one that is not registered. */
  numberOf(permission: string): number {
    return this.#numbers.get(permission) ?? -1;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  /** Unregistered permissions are left out: what the registry forgot, no role has any more. */
  bits(permissions: Iterable<string>): PermissionBits {
    const bits = this.none();
    for (const permission of permissions) {
      const number = this.numberOf(permission);
      if (number >= 0) addNumber(bits, number);
    }
    return bits;
  }

  none(): PermissionBits {
    return new Uint32Array(Math.ceil(this.#names.length / 32));
  }

  all(): PermissionBits {
    return this.bits(this.#names);
  }

  namesIn(bits: PermissionBits): string[] {
    return this.#names.filter((_name, number) => hasNumber(bits, number));
  }
}

function addNumber(bits: PermissionBits, number: number): void {
  bits[number >>> 5] = (bits[number >>> 5] ?? 0) | (1 << (number & 31));
}

export function hasNumber(bits: PermissionBits, number: number): boolean {
  return number >= 0 && ((bits[number >>> 5] ?? 0) & (1 << (number & 31))) !== 0;
}

export function union(target: PermissionBits, other: PermissionBits): void {
  for (let word = 0; word < target.length; word += 1) target[word] = (target[word] ?? 0) | (other[word] ?? 0);
}

export function isEmpty(bits: PermissionBits): boolean {
  return bits.every((word) => word === 0);
}

/** Whether a permission matches one of the patterns of a credential's allow-list; a pattern may end in `.*`, and `*` is all. */
export function matchesPattern(permission: string, patterns: readonly string[]): boolean {
  return patterns.some(
    (pattern) =>
      pattern === permission ||
      pattern === '*' ||
      (pattern.endsWith('.*') && permission.startsWith(pattern.slice(0, -1))),
  );
}
