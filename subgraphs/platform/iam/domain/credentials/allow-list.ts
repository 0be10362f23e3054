/** A permission, or a family of permissions that ends in `.*`; `*` alone is every one. */
const PATTERN = /^(\*|[a-z][a-z_]*(\.[a-z][a-z_]*){2}|[a-z][a-z_]*(\.[a-z][a-z_]*)?\.\*)$/;

export const ALLOW_LIST_MAXIMUM = 64;

export function isPermissionPattern(text: string): boolean {
  return PATTERN.test(text);
}

/** True when everything that `inner` allows is allowed by `outer` too. */
function covers(outer: string, inner: string): boolean {
  if (outer === '*' || outer === inner) return true;
  return outer.endsWith('.*') && inner.startsWith(outer.slice(0, -1));
}

export function isCovered(pattern: string, allowList: readonly string[]): boolean {
  return allowList.some((allowed) => covers(allowed, pattern));
}

/**
 * The scope of a token (RFC 6749, 3.3): what was asked for, which must lie inside the allow-list; all of the allow-list
 * when nothing was asked for. Null when something lies outside, or is no permission at all.
 */
export function grantedScope(requested: string | undefined, allowList: readonly string[]): readonly string[] | null {
  const patterns = (requested ?? '').split(' ').filter((pattern) => pattern !== '');
  if (patterns.length === 0) return allowList;
  const isInside = patterns.every((pattern) => isPermissionPattern(pattern) && isCovered(pattern, allowList));
  return isInside ? [...new Set(patterns)] : null;
}
