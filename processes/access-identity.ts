import { createHash } from 'node:crypto';
import type { Actor } from '../kernel/access/actor.js';

const known = new WeakMap<Actor, string>();

/**
 * Names everything about a caller that decides what it may see and until when: who it is, by which credential, inside
 * which bounds. Where it comes from is not in it. Streams of callers of the same name are executed once.
 */
export function accessIdentity(actor: Actor): string {
  const found = known.get(actor);
  if (found !== undefined) return found;
  const { ip: _, userAgent: __, displayName: ___, ...access } = actor;
  const sorted = Object.entries(access).toSorted(([left], [right]) => (left < right ? -1 : 1));
  const identity = createHash('sha256').update(JSON.stringify(sorted)).digest('base64url');
  known.set(actor, identity);
  return identity;
}
