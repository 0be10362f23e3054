import { expect, it } from 'vitest';
import { ANONYMOUS, type Actor } from '../kernel/access/actor.js';
import { loadConfiguration } from '../kernel/configuration/configuration.js';
import { costBudgetOf } from './cost-budget.js';

const configuration = loadConfiguration({
  CP_COST_PER_MINUTE: '6000',
  CP_COST_BURST: '500',
  CP_ANONYMOUS_COST_PER_MINUTE: '120',
});
const from = (ip: string): Actor => ({ ...ANONYMOUS, ip });

it('keeps a budget for each principal', () => {
  const actor: Actor = { ...ANONYMOUS, kind: 'human', id: 'usr_1', ip: '192.0.2.1' };
  expect(costBudgetOf(configuration, actor)).toEqual({ principal: 'usr_1', burst: 500, perSecond: 100 });
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::7', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
])('keeps a smaller one for whoever comes from %s without a credential', (ip, network) => {
  expect(costBudgetOf(configuration, from(ip))).toEqual({ principal: `address ${network}`, burst: 120, perSecond: 2 });
});

it('keeps none where the setting is 0', () => {
  const off = loadConfiguration({ CP_COST_PER_MINUTE: '0', CP_ANONYMOUS_COST_PER_MINUTE: '0' });
  expect(costBudgetOf(off, from('192.0.2.1'))).toBeUndefined();
  expect(costBudgetOf(off, { ...ANONYMOUS, kind: 'human', id: 'usr_1' })).toBeUndefined();
});

it('is larger by itself outside production', () => {
  expect(loadConfiguration({}).cost).toEqual({
    perOperationMax: 10_000,
    perMinute: 6_000_000,
    burst: 2_000_000,
    anonymousPerMinute: 600_000,
  });
});
