import {
  defaultFieldResolver,
  getNullableType,
  isLeafType,
  isNonNullType,
  TypeNameMetaFieldDef,
  type GraphQLLeafType,
  type GraphQLResolveInfo,
} from 'graphql';
import { compileArguments } from './compile-arguments.js';
import { compileEntities } from './compile-entities.js';
import { compileCompositeCompleter } from './composite-completer.js';
import type { ExecutionRun, Path } from './execution-run.js';
import { resolveInfoOf, type FieldSite } from './field-site.js';
import { compileLeafCompleter, unchangedOf, type Unchanged } from './leaf-completer.js';
import { after, isPending, isThenable } from './thenable.js';

/** ExecuteField (GraphQL specification, 6.4): the completed value, or a promise of it. Throws located errors only. */
export type FieldRunner = (run: ExecutionRun, source: unknown, parentPath: Path | undefined) => unknown;

export function compileField(site: FieldSite): FieldRunner {
  const { definition, parentType } = site;
  if (definition === TypeNameMetaFieldDef) return () => parentType.name;
  const hasResolver = definition.resolve !== undefined && definition.resolve !== defaultFieldResolver;
  const type = getNullableType(definition.type);
  if (isLeafType(type)) return hasResolver ? resolvedLeaf(site, type) : readLeaf(site, type);
  if (!hasResolver) return readComposite(site);
  const resolved = resolvedComposite(site);
  return compileEntities(site, resolved) ?? resolved;
}

/** The most frequent kind of field, without resolver and arguments: what its property holds is almost always the answer. */
export interface PlainLeaf {
  readonly property: string;
  readonly unchanged: Unchanged;
  /** Completes what the property of an object holds, whatever it is. */
  readonly complete: (run: ExecutionRun, source: object, parentPath: Path | undefined, found: unknown) => unknown;
  /** Answers null for a property that could not be read, or throws. */
  readonly fail: (run: ExecutionRun, parentPath: Path | undefined, error: unknown) => null;
}

/** Undefined for a field of another kind. */
export function compilePlainLeaf(site: FieldSite): PlainLeaf | undefined {
  const { args, name, resolve, type: declared } = site.definition;
  const type = getNullableType(declared);
  const hasResolver = resolve !== undefined && resolve !== defaultFieldResolver;
  if (hasResolver || args.length > 0 || !isLeafType(type)) return undefined;
  const unchanged = unchangedOf(type);
  if (!unchanged) return undefined;
  const isNonNull = isNonNullType(declared);
  const complete = compileLeafCompleter(type, isNonNull, site);
  const fail: PlainLeaf['fail'] = (run, parentPath, error) =>
    run.fail(error, site, pathOf(site, parentPath), isNonNull);
  return {
    property: name,
    unchanged,
    fail,
    complete(run, source, parentPath, found) {
      try {
        const value = typeof found === 'function' ? callMethod(site, run, source, parentPath, {}) : found;
        if (!isThenable(value)) return complete(value);
        return after(value, complete).catch((error: unknown) => fail(run, parentPath, error));
      } catch (error) {
        return fail(run, parentPath, error);
      }
    },
  };
}

/** Calls the field's resolver. */
type Resolver = (run: ExecutionRun, source: unknown, info: GraphQLResolveInfo) => unknown;

function compileResolver(site: FieldSite): Resolver {
  const resolve = site.definition.resolve ?? defaultFieldResolver;
  const argumentsOf = compileArguments(site);
  return (run, source, info) => resolve(source, argumentsOf(run.variables), run.context, info);
}

/** Reads the property of the field's name, and calls it if it is a method: the default of graphql-js, without detours. */
type Reader = (run: ExecutionRun, source: unknown, parentPath: Path | undefined) => unknown;

function compileReader(site: FieldSite): Reader {
  const { args, name } = site.definition;
  const argumentsOf = compileArguments(site);
  const hasArguments = args.length > 0;
  return (run, source, parentPath) => {
    // Arguments may be at fault, and that is to be told whether or not they are used.
    const given = hasArguments ? argumentsOf(run.variables) : undefined;
    if ((typeof source !== 'object' || source === null) && typeof source !== 'function') return undefined;
    const property = (source as Record<string, unknown>)[name];
    return typeof property === 'function' ? callMethod(site, run, source, parentPath, given ?? {}) : property;
  };
}

function callMethod(
  site: FieldSite,
  run: ExecutionRun,
  source: object,
  parentPath: Path | undefined,
  given: Record<string, unknown>,
): unknown {
  const info = resolveInfoOf(site, run, pathOf(site, parentPath));
  return (source as Record<string, (...values: unknown[]) => unknown>)[site.definition.name]?.(
    given,
    run.context,
    info,
  );
}

function resolvedLeaf(site: FieldSite, type: GraphQLLeafType): FieldRunner {
  const resolve = compileResolver(site);
  const isNonNull = isNonNullType(site.definition.type);
  const complete = compileLeafCompleter(type, isNonNull, site);
  return (run, source, parentPath) => {
    const path = pathOf(site, parentPath);
    try {
      const value = resolve(run, source, resolveInfoOf(site, run, path));
      if (!isThenable(value)) return complete(value);
      return after(value, complete).catch((error: unknown) => run.fail(error, site, path, isNonNull));
    } catch (error) {
      return run.fail(error, site, path, isNonNull);
    }
  };
}

/** It makes nothing but its value, not even its path. */
function readLeaf(site: FieldSite, type: GraphQLLeafType): FieldRunner {
  const read = compileReader(site);
  const isNonNull = isNonNullType(site.definition.type);
  const complete = compileLeafCompleter(type, isNonNull, site);
  return (run, source, parentPath) => {
    try {
      const value = read(run, source, parentPath);
      if (!isThenable(value)) return complete(value);
      return after(value, complete).catch((error: unknown) =>
        run.fail(error, site, pathOf(site, parentPath), isNonNull),
      );
    } catch (error) {
      return run.fail(error, site, pathOf(site, parentPath), isNonNull);
    }
  };
}

function resolvedComposite(site: FieldSite): FieldRunner {
  const resolve = compileResolver(site);
  const isNonNull = isNonNullType(site.definition.type);
  const complete = compileCompositeCompleter(site.definition.type, site);
  return (run, source, parentPath) => {
    const path = pathOf(site, parentPath);
    try {
      const info = resolveInfoOf(site, run, path);
      const value = resolve(run, source, info);
      const done = isThenable(value)
        ? after(value, (settled) => complete(run, settled, path, info))
        : complete(run, value, path, info);
      return isPending(done) ? done.catch((error: unknown) => run.fail(error, site, path, isNonNull)) : done;
    } catch (error) {
      return run.fail(error, site, path, isNonNull);
    }
  };
}

function readComposite(site: FieldSite): FieldRunner {
  const read = compileReader(site);
  const isNonNull = isNonNullType(site.definition.type);
  const complete = compileCompositeCompleter(site.definition.type, site);
  return (run, source, parentPath) => {
    const path = pathOf(site, parentPath);
    try {
      const value = read(run, source, parentPath);
      const done = isThenable(value)
        ? after(value, (settled) => complete(run, settled, path, undefined))
        : complete(run, value, path, undefined);
      return isPending(done) ? done.catch((error: unknown) => run.fail(error, site, path, isNonNull)) : done;
    } catch (error) {
      return run.fail(error, site, path, isNonNull);
    }
  };
}

function pathOf({ parentType, responseName }: FieldSite, prev: Path | undefined): Path {
  return { prev, key: responseName, typename: parentType.name };
}
