import { Failure, isObject } from './failure.js';
import { readProperty, writeProperty, type JsonObject } from './json.js';

/** Tells the object types of the graph: an object's `__typename` is not replaced by that of an interface object. */
export type IsObjectTypeName = (name: unknown) => boolean;

/**
 * Merges what one more fetch answered into what is known. A value wins over null and over a failure, and a known concrete
 * `__typename` wins over the interface name that a subgraph with `@interfaceObject` answers.
 */
export function mergeInto(target: JsonObject, source: JsonObject, isObjectTypeName: IsObjectTypeName): void {
  for (const name of Object.keys(source)) {
    const incoming = source[name];
    if (incoming === undefined) continue;
    const known = readProperty(target, name);
    if (name === '__typename' && isObjectTypeName(known) && !isObjectTypeName(incoming)) continue;
    writeProperty(target, name, mergedValue(known, incoming, isObjectTypeName));
  }
}

function mergedValue(known: unknown, incoming: unknown, isObjectTypeName: IsObjectTypeName): unknown {
  if (known === undefined || known === null || known instanceof Failure) {
    return incoming === null && known instanceof Failure ? known : incoming;
  }
  if (incoming === null || incoming instanceof Failure) return known;
  if (isObject(known) && isObject(incoming)) {
    mergeInto(known, incoming, isObjectTypeName);
    return known;
  }
  if (Array.isArray(known) && Array.isArray(incoming) && known.length === incoming.length) {
    for (let i = 0; i < incoming.length; i++) known[i] = mergedValue(known[i], incoming[i], isObjectTypeName);
    return known;
  }
  return incoming;
}
