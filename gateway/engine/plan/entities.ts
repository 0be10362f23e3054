import { isObject } from '../failure.js';
import { readProperty, type JsonObject, type Path } from '../json.js';

/** The objects found at a plan's path, in order. Null, missing and failed places are left out. */
export function entitiesAt(root: JsonObject, path: readonly string[]): JsonObject[] {
  const found: JsonObject[] = [];
  collect(root, path, 0, found);
  return found;
}

function collect(value: unknown, path: readonly string[], index: number, found: JsonObject[]): void {
  if (Array.isArray(value)) {
    const next = path[index] === '@' ? index + 1 : index;
    for (const item of value) collect(item, path, next, found);
    return;
  }
  if (!isObject(value)) return;
  const name = path[index];
  if (name === undefined) found.push(value);
  else if (name !== '@') collect(readProperty(value, name), path, index + 1, found);
}

/** The response path of each object that {@link entitiesAt} finds. Needed only when something went wrong. */
export function entityPathsAt(root: JsonObject, path: readonly string[]): Map<JsonObject, Path> {
  const found = new Map<JsonObject, Path>();
  collectPaths(root, path, 0, [], found);
  return found;
}

function collectPaths(
  value: unknown,
  path: readonly string[],
  index: number,
  at: Path,
  found: Map<JsonObject, Path>,
): void {
  if (Array.isArray(value)) {
    const next = path[index] === '@' ? index + 1 : index;
    value.forEach((item, i) => collectPaths(item, path, next, [...at, i], found));
    return;
  }
  if (!isObject(value)) return;
  const name = path[index];
  if (name === undefined) found.set(value, found.get(value) ?? at);
  else if (name !== '@') collectPaths(readProperty(value, name), path, index + 1, [...at, name], found);
}
