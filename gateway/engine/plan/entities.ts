import { isObject } from '../failure.js';
import { hasSafeName, readProperty, type JsonObject, type Path } from '../json.js';
import type { IsObjectTypeName } from '../merge.js';

/** Finds the objects at a place of the data, in order. Null, missing and failed places are left out. */
export type EntityWalk = (value: unknown, found: JsonObject[]) => void;

/** One element of a plan's path. */
interface PathStep {
  /** Of the field to go into; `@` for the items of a list. */
  readonly name: string;
  /** The types that what is found there may have; undefined if any. */
  readonly types: ReadonlySet<unknown> | undefined;
}

/** Reads `["", "reviews", "@|[Comment,Rating]", "product"]`: the planner writes conditions behind what they are about. */
function stepsOf(path: readonly string[]): PathStep[] {
  return path.flatMap((element) => {
    const [name = '', conditions] = element.split('|');
    const types = conditions === undefined ? undefined : new Set(conditions.slice(1, -1).split(','));
    return name === '' ? [] : [{ name, types }];
  });
}

/** Compiles a plan's path; lists are walked through wherever they stand, so `@` alone says nothing new. */
export function compileWalk(path: readonly string[], isObjectTypeName: IsObjectTypeName): EntityWalk {
  let walk: EntityWalk = (value, found) => {
    if (isObject(value)) found.push(value);
  };
  walk = throughLists(walk);
  for (const { name, types } of stepsOf(path).toReversed()) {
    if (types) walk = throughLists(ofTypes(types, isObjectTypeName, walk));
    if (name !== '@') walk = throughLists(into(name, walk));
  }
  return walk;
}

function ofTypes(types: ReadonlySet<unknown>, isObjectTypeName: IsObjectTypeName, next: EntityWalk): EntityWalk {
  return (value, found) => {
    if (isObject(value) && isOfType(value, types, isObjectTypeName)) next(value, found);
  };
}

/** An interface object's name says nothing of its type. */
function isOfType(
  { __typename: typeName }: JsonObject,
  types: ReadonlySet<unknown>,
  isObjectTypeName: IsObjectTypeName,
): boolean {
  return types.has(typeName) || !isObjectTypeName(typeName);
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
export function entityPathsAt(
  root: JsonObject,
  path: readonly string[],
  isObjectTypeName: IsObjectTypeName,
): Map<JsonObject, Path> {
  const found = new Map<JsonObject, Path>();
  const steps = stepsOf(path);
  const isPossible = (value: unknown, types: ReadonlySet<unknown> | undefined): boolean =>
    !types || !isObject(value) || isOfType(value, types, isObjectTypeName);
  const collect = (value: unknown, index: number, at: Path): void => {
    const step = steps[index];
    if (Array.isArray(value)) {
      const isItemStep = step?.name === '@';
      value.forEach((item, i) => {
        if (isItemStep && !isPossible(item, step.types)) return;
        collect(item, isItemStep ? index + 1 : index, [...at, i]);
      });
    } else if (isObject(value)) {
      if (!step) found.set(value, found.get(value) ?? at);
      else if (step.name !== '@') {
        const next = readProperty(value, step.name);
        if (isPossible(next, step.types)) collect(next, index + 1, [...at, step.name]);
      }
    }
  };
  collect(root, 0, []);
  return found;
}
