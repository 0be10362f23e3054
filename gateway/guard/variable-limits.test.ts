import { describe, expect, it } from 'vitest';
import { checkVariables } from './variable-limits.js';

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

describe('limits on variables', () => {
  it('let ordinary variables pass', () => {
    expect(() => checkVariables({ input: { name: 'x', tags: ['a', 'b'], of: { deep: nested(40) } } })).not.toThrow();
    expect(() => checkVariables(null)).not.toThrow();
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['nest too deep', { a: nested(60) }, /nest 50 deep/],
    ['nest so deep that recursion would fail', { a: nested(200_000) }, /nest 50 deep/],
    ['hold too much', { a: Array.from({ length: 30_000 }, () => 0) }, /20000 values/],
    ['name a prototype', { a: JSON.parse('{ "__proto__": { "isAdmin": true } }') as unknown }, /__proto__/],
    ['hold U+0000', { a: { b: ['x\0'] } }, /\$a\.b\.0/],
  ])('refuse those that %s', (_, variables, message) => {
    expect(() => checkVariables(variables)).toThrow(message);
    expect(() => checkVariables(variables)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  });
});
