import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type PageArguments, encodeKey, pageRequest, toPage } from './keyset.js';

const all = Array.from({ length: 57 }, (_, index) => String(index).padStart(3, '0'));

/** What a database would answer, by filtering an array. */
function fetchPage(page: PageArguments): { ids: string[]; hasNextPage: boolean; hasPreviousPage: boolean } {
  const request = pageRequest(page);
  const ordered = request.isBackward ? [...all].reverse() : all;
  const key = request.key?.[0];
  const beyond = ordered.filter((id) => key === undefined || (request.isBackward ? id < key : id > key));
  const result = toPage(request, beyond.slice(0, request.limit + 1), (id) => [id]);
  return {
    ids: result.items.map((item) => item.row),
    hasNextPage: result.hasNextPage,
    hasPreviousPage: result.hasPreviousPage,
  };
}

it('walks the whole list in either direction with any page size, without loss or repetition', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.boolean(), (size, isBackward) => {
      const seen: string[] = [];
      let cursor: string | undefined;
      for (;;) {
        const page = fetchPage(isBackward ? { last: size, before: cursor } : { first: size, after: cursor });
        seen.splice(isBackward ? 0 : seen.length, 0, ...page.ids);
        if (!(isBackward ? page.hasPreviousPage : page.hasNextPage)) break;
        cursor = encodeKey([(isBackward ? page.ids[0] : page.ids.at(-1)) ?? '']);
      }
      expect(seen).toEqual(all);
    }),
  );
});

it.each([
  [{ first: 0 }, 'first'],
  [{ first: 101 }, 'first'],
  [{ last: -1 }, 'last'],
  [{ first: 1, last: 1 }, 'last'],
  [{ after: 'nonsense' }, 'after'],
  [{ last: 5, before: encodeKey(['a', 'b']) }, 'before'],
  [{ first: 5, before: encodeKey(['a']) }, 'before'],
])('refuses %j and names the field', (page, field) => {
  expect(() => pageRequest(page)).toThrow(
    expect.objectContaining({ code: 'BAD_USER_INPUT', details: { field: [field] } }),
  );
});
