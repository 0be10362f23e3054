import type { SubgraphError } from '../../transports/subgraph-transport.js';
import { Failure, isObject, type Fault } from '../failure.js';
import { readProperty, writeProperty, type JsonObject, type Path } from '../json.js';

/** A fault whose path is relative to one object of a subgraph's answer; without a path it concerns the whole object. */
export interface LocatedFault {
  readonly fault: Fault;
  readonly path: Path;
}

export function faultOf(error: unknown, service: string, pathOtherwise: Path | undefined): Fault {
  const message = error instanceof Error || isSubgraphError(error) ? error.message : '';
  const extensions = error instanceof Error || isSubgraphError(error) ? extensionsOf(error) : {};
  return {
    message: message === '' ? `The subgraph "${service}" failed.` : message,
    extensions: { ...extensions, service },
    cause: error,
    pathBelow: [],
    pathOtherwise,
    count: { reports: 0 },
  };
}

function isSubgraphError(error: unknown): error is SubgraphError {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}

function extensionsOf(error: object): object {
  return 'extensions' in error && typeof error.extensions === 'object' && error.extensions !== null
    ? error.extensions
    : {};
}

/**
 * Puts faults where the answered object has null because of them. If there is no object at all, it makes one in which
 * each expected name is a failure; an object that is null without any fault stays undefined.
 */
export function settleAnswer(
  answer: unknown,
  located: readonly LocatedFault[],
  names: readonly string[],
): JsonObject | undefined {
  if (isObject(answer)) {
    for (const { fault, path } of located) place(answer, fault, path);
    return answer;
  }
  if (located.length === 0) return undefined;
  return failedObject(located, names);
}

function place(answer: JsonObject, fault: Fault, path: Path): void {
  let parent: unknown = answer;
  for (let i = 0; i < path.length; i++) {
    const key = path[i];
    const value = childOf(parent, key);
    if (value === null || value === undefined || value instanceof Failure) {
      const below = { ...fault, pathBelow: path.slice(i + 1) };
      if (value instanceof Failure) value.faults.push(below);
      else replaceChild(parent, key, new Failure([below], false));
      return;
    }
    parent = value;
  }
}

function childOf(parent: unknown, key: string | number | undefined): unknown {
  if (Array.isArray(parent)) return typeof key === 'number' && key < parent.length ? parent[key] : false;
  return isObject(parent) && typeof key === 'string' ? readProperty(parent, key) : false;
}

function replaceChild(parent: unknown, key: string | number | undefined, value: Failure): void {
  if (Array.isArray(parent) && typeof key === 'number') parent[key] = value;
  else if (isObject(parent) && typeof key === 'string') writeProperty(parent, key, value);
}

function failedObject(located: readonly LocatedFault[], names: readonly string[]): JsonObject {
  const object: JsonObject = {};
  const ofWhole = located.flatMap(({ fault, path }) => (typeof path[0] === 'string' ? [] : [fault]));
  // Also fields of a type that is not known of the object: what was to tell the type was the answer that is null.
  const failedNames = located.flatMap(({ path: [name] }) => (typeof name === 'string' ? [name] : []));
  for (const name of new Set([...names, ...failedNames])) {
    const ofName = located.filter(({ path }) => path[0] === name);
    const faults = ofName.map(({ fault, path }) => ({ ...fault, pathBelow: path.slice(1) }));
    // Null only because a sibling bubbled: the sibling's fault explains it, and is reported there.
    writeProperty(object, name, new Failure([...faults, ...ofWhole], true));
  }
  return object;
}
