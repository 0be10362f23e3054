import { expect, it } from 'vitest';
import { defineLifecycle } from './transition-table.js';

const door = defineLifecycle<'open' | 'closed' | 'broken', 'close' | 'open' | 'smash'>('door', 'open', {
  open: { close: 'closed', smash: 'broken' },
  closed: { open: 'open' },
  broken: {},
});

it('answers the next state, and null for what a state does not allow', () => {
  expect(door.next('open', 'close')).toBe('closed');
  expect(door.next('closed', 'smash')).toBeNull();
  expect(door.available('open')).toEqual(['close', 'smash']);
  expect(door.isTerminal('broken')).toBe(true);
  expect(door.isTerminal('open')).toBe(false);
});

it('refuses at start-up a table that leads nowhere or has a state that nothing leads to', () => {
  expect(() => defineLifecycle('x', 'a', { a: { go: 'b' } } as never)).toThrow(/unknown state "b"/);
  expect(() => defineLifecycle<'a' | 'b', 'go'>('x', 'a', { a: {}, b: {} })).toThrow(/no way leads to b/);
});
