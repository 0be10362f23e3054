import {
  defaultTypeResolver,
  GraphQLError,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLList,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
} from 'graphql';
import type { ExecutionRun, Path } from './execution-run.js';
import { coordinateOf, resolveInfoOf, type FieldSite } from './field-site.js';
import { inspectValue } from './inspect-value.js';
import { compileLeafCompleter, completeNull } from './leaf-completer.js';
import { runtimeTypeOf } from './runtime-type.js';
import { compileSelection, type SelectionRunner } from './compile-selection.js';
import { after, isPending, isThenable } from './thenable.js';

/**
 * CompleteValue (GraphQL specification, 6.4.3) for lists and objects. Synchronous wherever resolvers were; throws what is
 * to be reported. `info` is that of the field, if its resolver was given one.
 */
export type CompositeCompleter = (
  run: ExecutionRun,
  value: unknown,
  path: Path,
  info: GraphQLResolveInfo | undefined,
) => unknown;

export function compileCompositeCompleter(type: GraphQLOutputType, site: FieldSite): CompositeCompleter {
  const isNonNull = isNonNullType(type);
  const nullable = isNonNull ? type.ofType : type;
  if (isObjectType(nullable) && !nullable.isTypeOf) return compilePlainObject(nullable, isNonNull, site);
  const complete = compileNullable(nullable, site);
  return (run, value, path, info) => {
    if (value === null || value === undefined) return completeNull(isNonNull, site);
    if (value instanceof Error) throw value;
    return complete(run, value, path, info);
  };
}

/** The most frequent kind, in one closure. */
function compilePlainObject(type: GraphQLObjectType, isNonNull: boolean, site: FieldSite): CompositeCompleter {
  let runSelection: SelectionRunner | undefined;
  return (run, value, path) => {
    if (value === null || value === undefined) return completeNull(isNonNull, site);
    if (value instanceof Error) throw value;
    runSelection ??= compileSelection(site.scope, type, site.nodes);
    return runSelection(run, value, path);
  };
}

function compileNullable(type: GraphQLOutputType, site: FieldSite): CompositeCompleter {
  if (isListType(type)) return compileList(type, site);
  if (isAbstractType(type)) return compileAbstract(type, site);
  if (isObjectType(type)) return compileObject(type, site);
  throw new Error(`"${String(type)}" is neither a list nor an object type`);
}

/** Completes one item of a list, at its own place. */
export type ItemCompleter = (
  run: ExecutionRun,
  item: unknown,
  listPath: Path,
  index: number,
  info: GraphQLResolveInfo | undefined,
) => unknown;

function compileList({ ofType }: GraphQLList<GraphQLOutputType>, site: FieldSite): CompositeCompleter {
  const completeItem = compileItem(ofType, site);
  return (run, value, path, info) => {
    if (!isIterable(value))
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${coordinateOf(site)}".`);
    const completed: unknown[] = [];
    let hasPending = false;
    try {
      for (const item of value) {
        const done = completeItem(run, item, path, completed.length, info);
        completed.push(done);
        hasPending ||= isPending(done);
      }
    } catch (error) {
      if (hasPending) ignoreFailures(completed);
      throw error;
    }
    return hasPending ? Promise.all(completed) : completed;
  };
}

export function compileItem(type: GraphQLOutputType, site: FieldSite): ItemCompleter {
  const isNonNull = isNonNullType(type);
  const nullable = isNonNull ? type.ofType : type;
  if (isLeafType(nullable)) {
    const complete = compileLeafCompleter(nullable, isNonNull, site);
    return (run, item, listPath, index) => {
      const fail = (error: unknown): null => run.fail(error, site, itemPath(listPath, index), isNonNull);
      try {
        return isThenable(item) ? after(item, complete).catch(fail) : complete(item);
      } catch (error) {
        return fail(error);
      }
    };
  }
  const complete = compileCompositeCompleter(type, site);
  return (run, item, listPath, index, info) => {
    const path = itemPath(listPath, index);
    try {
      const done = isThenable(item)
        ? after(item, (value) => complete(run, value, path, info))
        : complete(run, item, path, info);
      return isPending(done) ? done.catch((error: unknown) => run.fail(error, site, path, isNonNull)) : done;
    } catch (error) {
      return run.fail(error, site, path, isNonNull);
    }
  };
}

function itemPath(prev: Path, key: number): Path {
  return { prev, key, typename: undefined };
}

function compileAbstract(type: GraphQLAbstractType, site: FieldSite): CompositeCompleter {
  const resolveType = type.resolveType ?? defaultTypeResolver;
  /** By the names that were found to be good: compiled when a value of the type first comes. */
  const completers = new Map<unknown, CompositeCompleter>();
  const completerOf = (name: unknown, value: unknown): CompositeCompleter => {
    const known = completers.get(name);
    if (known) return known;
    const complete = compileObject(runtimeTypeOf(name, type, site, value), site);
    completers.set(name, complete);
    return complete;
  };
  return (run, value, path, info) => {
    const known = info ?? resolveInfoOf(site, run, fieldPathOf(path));
    const name: unknown = resolveType(value, run.context, known, type);
    if (!isThenable(name)) return completerOf(name, value)(run, value, path, known);
    return after(name, (settled) => completerOf(settled, value)(run, value, path, known));
  };
}

function compileObject(type: GraphQLObjectType, site: FieldSite): CompositeCompleter {
  // Compiled when first needed: a selection that is nested deeply may never be reached.
  let selection: SelectionRunner | undefined;
  const runSelection: SelectionRunner = (run, value, path) => {
    selection ??= compileSelection(site.scope, type, site.nodes);
    return selection(run, value, path);
  };
  const { isTypeOf } = type;
  if (!isTypeOf) return runSelection;
  return (run, value, path, info) => {
    const verdict = isTypeOf(value, run.context, info ?? resolveInfoOf(site, run, fieldPathOf(path)));
    if (isThenable(verdict)) {
      return after(verdict, (isOfType) => {
        if (!isOfType) throw notOfType(type, value, site);
        return runSelection(run, value, path);
      });
    }
    if (!verdict) throw notOfType(type, value, site);
    return runSelection(run, value, path);
  };
}

function notOfType(type: GraphQLObjectType, value: unknown, { nodes }: FieldSite): GraphQLError {
  return new GraphQLError(`Expected value of type "${type.name}" but got: ${inspectValue(value)}.`, { nodes });
}

/** Of a list item, the path of the field that the list is of. */
function fieldPathOf(path: Path): Path {
  let at = path;
  while (typeof at.key === 'number' && at.prev) at = at.prev;
  return at;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

/** What still runs when its list has failed already may fail too, and nobody waits for it. */
function ignoreFailures(items: readonly unknown[]): void {
  for (const item of items) if (isPending(item)) item.catch(() => undefined);
}
