import { validate, version } from 'uuid';
import { describe, expect, it } from 'vitest';
import { isTypeId, newId } from './type-id.js';
import { uuidV7 } from './uuid-v7.js';

describe('identifiers of one process', () => {
  it('are UUIDs of version 7 that tell the time', () => {
    const before = Date.now();
    const id = uuidV7();
    expect([validate(id), version(id)]).toEqual([true, 7]);
    const told = Number.parseInt(id.replace('-', '').slice(0, 12), 16);
    expect(told).toBeGreaterThanOrEqual(before);
    expect(told).toBeLessThanOrEqual(Date.now() + 1);
  });

  it('are all different, and sort as they were made', () => {
    const ids = Array.from({ length: 50_000 }, () => uuidV7());
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
    const typed = Array.from({ length: 1_000 }, () => newId('tst'));
    expect(typed.every((id) => isTypeId(id, 'tst'))).toBe(true);
    expect([...typed].sort()).toEqual(typed);
  });
});
