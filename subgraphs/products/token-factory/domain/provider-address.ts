import { BlockList, isIP } from 'node:net';

/**
 * Where a provider may live (CWE-918). Public addresses over TLS; addresses of loopback and private networks only when
 * the deployment says so; addresses of instance metadata services never.
 */
const NEVER = new BlockList();
NEVER.addSubnet('169.254.0.0', 16, 'ipv4');
NEVER.addSubnet('0.0.0.0', 8, 'ipv4');
NEVER.addSubnet('224.0.0.0', 3, 'ipv4');
NEVER.addSubnet('fe80::', 10, 'ipv6');
NEVER.addSubnet('ff00::', 8, 'ipv6');
NEVER.addAddress('::', 'ipv6');
NEVER.addAddress('fd00:ec2::254', 'ipv6');

const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['192.0.0.0', 24],
  ['198.18.0.0', 15],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4');
}
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('64:ff9b::', 96, 'ipv6');

/** Why an IP address may not be called; null when it may. */
export function addressFault(address: string, allowsPrivate: boolean): string | null {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const plain = mapped ?? address;
  const version = isIP(plain);
  if (version === 0) return 'is no IP address';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (NEVER.check(plain, family) || /^::ffff:/i.test(plain)) return 'is reserved and never called';
  if (!allowsPrivate && PRIVATE.check(plain, family))
    return 'belongs to a private network, which this deployment does not allow';
  return null;
}

/**
 * Why a provider's base URL may not be used; null when it may. Names are resolved when they are called, and what they
 * resolve to is judged again then, so that a name cannot change its mind.
 */
export function baseUrlFault(text: string, allowsPrivate: boolean): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) return 'must be an absolute URL';
  if (url.username !== '' || url.password !== '') return 'must not hold credentials; they belong into the secret';
  if (url.search !== '' || url.hash !== '') return 'must not have a query or a fragment';
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowsPrivate)) return 'must use https';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) {
    const fault = addressFault(host, allowsPrivate);
    return fault === null ? null : `names an address that ${fault}`;
  }
  const isLocalName = host === 'localhost' || /\.(localhost|local|internal)$/.test(host);
  return isLocalName && !allowsPrivate
    ? 'names a host of a private network, which this deployment does not allow'
    : null;
}
