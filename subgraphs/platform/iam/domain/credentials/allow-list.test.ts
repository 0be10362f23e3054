import { describe, expect, it } from 'vitest';
import { grantedScope, isCovered, isPermissionPattern } from './allow-list.js';

describe('permission patterns', () => {
  it('are a permission, a family of them, or everything', () => {
    for (const good of ['*', 'apps.*', 'token_factory.model.*', 'allocations.allocation.create'])
      expect(isPermissionPattern(good)).toBe(true);
    for (const bad of ['', 'apps', 'apps.', 'Apps.*', 'apps.instance', '*.read', 'a.b.c.d', 'a.b.c.*', 'apps.* '])
      expect(isPermissionPattern(bad)).toBe(false);
  });

  it('cover what is inside, and never a family that only begins alike', () => {
    expect(isCovered('apps.instance.create', ['apps.*'])).toBe(true);
    expect(isCovered('apps.instance.*', ['apps.*'])).toBe(true);
    expect(isCovered('apps.*', ['apps.instance.*'])).toBe(false);
    expect(isCovered('apps_other.instance.create', ['apps.*'])).toBe(false);
    expect(isCovered('*', ['apps.*'])).toBe(false);
    expect(isCovered('apps.*', ['*'])).toBe(true);
  });
});

describe('the scope of a token', () => {
  it('is the whole allow-list when nothing was asked for', () => {
    expect(grantedScope(undefined, ['apps.*'])).toEqual(['apps.*']);
    expect(grantedScope('  ', ['apps.*'])).toEqual(['apps.*']);
  });

  it('narrows, and refuses what lies outside or has no form', () => {
    expect(grantedScope('apps.instance.create apps.instance.create', ['apps.*'])).toEqual(['apps.instance.create']);
    expect(grantedScope('apps.instance.create billing.account.read', ['apps.*'])).toBeNull();
    expect(grantedScope('nonsense', ['*'])).toBeNull();
  });
});
