import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { addressFault } from '../domain/provider-address.js';

const CONNECT_MILLISECONDS = 5000;
const CONNECTIONS_PER_ORIGIN = 256;

/**
 * Connections to upstreams. Every address that a name resolves to is judged at the moment of connecting, so that a name
 * which was public when it was registered cannot lead into the private network later (DNS rebinding).
 */
export function createUpstreamAgent(options: { allowsPrivate: boolean }): Agent {
  return new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    headersTimeout: 0,
    // Deadlines are the gateway's own: they hold for every kind of provider, to the millisecond.
    bodyTimeout: 0,
    connect: { timeout: CONNECT_MILLISECONDS, lookup: guardedLookup(options.allowsPrivate) },
  });
}

function guardedLookup(allowsPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = addresses.filter((entry) => addressFault(entry.address, allowsPrivate) === null);
      const first = allowed[0];
      if (first === undefined) return callback(new Error('the name leads to addresses that are not allowed'), '', 0);
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
