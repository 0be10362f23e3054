import { isIPv6 } from 'node:net';
import type { CostBudget } from '../gateway/index.js';
import type { Actor } from '../kernel/access/actor.js';
import type { Configuration } from '../kernel/configuration/configuration.js';

/**
 * Whose budget pays for a request: the principal's; without one, that of the address it comes from, which for IPv6 is
 * the network (/64) that one subscriber has to itself (RFC 6177). Undefined where no budget is kept.
 */
export function costBudgetOf({ cost }: Pick<Configuration, 'cost'>, actor: Actor): CostBudget | undefined {
  const isAnonymous = actor.kind === 'anonymous';
  const perMinute = isAnonymous ? cost.anonymousPerMinute : cost.perMinute;
  if (perMinute === 0) return undefined;
  return {
    principal: isAnonymous ? `address ${networkOf(actor.ip ?? '')}` : actor.id,
    burst: isAnonymous ? Math.min(cost.burst, perMinute) : cost.burst,
    perSecond: perMinute / 60,
  };
}

function networkOf(ip: string): string {
  const address = ip.startsWith('::ffff:') ? ip.slice('::ffff:'.length) : ip;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0');
  return [...groups, ...zeros, ...rest].slice(0, 4).join(':');
}
