import { isObject } from '../failure.js';
import { hasSafeName, readProperty, type JsonObject, type Path } from '../json.js';

/** Finds the objects at a place of the data, in order. Null, missing and failed places are left out. */
export type EntityWalk = (value: unknown, found: JsonObject[]) => void;

/** Compiles a plan's path; lists are walked through wherever they stand, so `@` says nothing new. */
export function compileWalk(path: readonly string[]): EntityWalk {
  let walk: EntityWalk = (value, found) => {
    if (isObject(value)) found.push(value);
  };
  walk = throughLists(walk);
  for (const name of path.toReversed()) if (name !== '@') walk = throughLists(into(name, walk));
  return walk;
}

function into(name: string, next: EntityWalk): EntityWalk {
  if (!hasSafeName(name)) {
    return (value, found) => {
      if (isObject(value)) next(readProperty(value, name), found);
    };
  }
  return (value, found) => {
    if (isObject(value)) next(value[name], found);
  };
}

function throughLists(walk: EntityWalk): EntityWalk {
  const through: EntityWalk = (value, found) => {
    if (Array.isArray(value)) for (let i = 0; i < value.length; i++) through(value[i], found);
    else walk(value, found);
  };
  return through;
}

/** The response path of each object that a walk finds. Needed only when something went wrong. */
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
