import { GraphQLError, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { AnsweredPart } from './answered-parts.js';
import { compareParts } from './compare-parts.js';

const DOCUMENT = parse('{ me { name ... @defer { role friend { id } } } }');

function part(data: unknown, path: AnsweredPart['path'], ...errors: GraphQLError[]): AnsweredPart {
  return { data, path, errors };
}

function failed(...path: (string | number)[]): GraphQLError {
  return new GraphQLError('failed', { path });
}

const FIRST = part({ me: { name: 'Ada' } }, []);
const WHOLE = { data: { me: { name: 'Ada', role: 'STAFF', friend: { id: '2' } } } };

describe('the comparison of an answer in parts with the whole', () => {
  it.each<[string, AnsweredPart]>([
    ['all of it', part({ role: 'STAFF', friend: { id: '2' } }, ['me'])],
    [
      'a null that a key is the reason of',
      part({ role: 'STAFF', friend: null }, ['me'], failed('me', 'friend', 'key')),
    ],
  ])('finds nothing in %s', (_, second) => {
    expect(compareParts(DOCUMENT, WHOLE, [FIRST, second])).toEqual([]);
  });

  it('finds nothing in a part that is null for a reason that the whole has, too', () => {
    const error = failed('me', 'role');
    const whole = { data: { me: null }, errors: [error] };
    expect(compareParts(DOCUMENT, whole, [FIRST, part(null, ['me'], error)])).toEqual([]);
  });

  it('finds nothing in a null of both that is beside one with an error', () => {
    const error = failed('me', 'role');
    const whole = { data: { me: { name: 'Ada', role: null, friend: null } }, errors: [error] };
    const later = part({ role: null }, ['me'], error);
    expect(compareParts(DOCUMENT, whole, [FIRST, part({ friend: null }, ['me']), later])).toEqual([]);
  });

  it.each<[string, AnsweredPart, string]>([
    ['another value', part({ role: 'HEAD', friend: { id: '2' } }, ['me']), '"HEAD" instead of "STAFF" at me.role'],
    ['a field that no part has', part({ role: 'STAFF' }, ['me']), 'no part has me.friend'],
    [
      'a null without an error',
      part({ role: 'STAFF', friend: null }, ['me']),
      'null for no reason at me.friend of a part',
    ],
    [
      'a null beside a field that only its own error is of',
      part({ role: 'STAFF', friend: null }, ['me'], failed('me', 'role', 'key')),
      'null for no reason at me.friend of a part',
    ],
    ['a part that is null without an error', part(null, ['me']), 'null for no reason at me of a part'],
    [
      'an error that the whole does not have',
      part({ role: 'STAFF', friend: null }, ['me'], failed('me', 'friend')),
      'only in parts: failed at me.friend',
    ],
  ])('finds %s', (_, second, difference) => {
    expect(compareParts(DOCUMENT, WHOLE, [FIRST, second])).toEqual([difference]);
  });

  it('finds an error that comes after the null, and a null of both that only the whole has an error for', () => {
    const data = { role: null, friend: { id: '2' } };
    const whole = { data: { me: { name: 'Ada', ...data } }, errors: [failed('me', 'role')] };
    const late = [FIRST, part(data, ['me']), part({}, [], failed('me', 'role'))];
    expect(compareParts(DOCUMENT, whole, late)).toEqual(['null for no reason at me.role of a part']);
  });
});
