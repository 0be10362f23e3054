import { describe, expect, it } from 'vitest';
import { findUnstorableText } from './storable-text.js';

describe('text that PostgreSQL cannot store', () => {
  it.each<[string, unknown, string[] | null]>([
    ['no text', { a: 1, b: null, c: [true, 3n, undefined] }, null],
    ['any other text', { a: ['', 'ü', '\u0001', '🙂', '\uFFFD'] }, null],
    ['U+0000', 'a\0b', []],
    ['U+0000 deep inside', { input: { tags: ['fine', 'not\0'] } }, ['input', 'tags', '1']],
    ['half of a surrogate pair', { name: 'x\uD83D' }, ['name']],
    ['a name of a property', { data: { 'a\0': 1 } }, ['data']],
  ])('is found or not in %s', (_, value, path) => {
    expect(findUnstorableText(value)).toEqual(path);
  });
});
