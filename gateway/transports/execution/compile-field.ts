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
import { compileLeafCompleter, unchangedTypeOf } from './leaf-completer.js';
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
    if (typeof property !== 'function') return property;
    const info = resolveInfoOf(site, run, pathOf(site, parentPath));
    return (source as Record<string, (...values: unknown[]) => unknown>)[name]?.(given ?? {}, run.context, info);
  };
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

/** The most frequent kind of field: it makes nothing but its value, not even its path. */
function readLeaf(site: FieldSite, type: GraphQLLeafType): FieldRunner {
  const { args, name } = site.definition;
  const hasArguments = args.length > 0;
  const unchanged = hasArguments ? undefined : unchangedTypeOf(type);
  const read = compileReader(site);
  const isNonNull = isNonNullType(site.definition.type);
  const complete = compileLeafCompleter(type, isNonNull, site);
  return (run, source, parentPath) => {
    try {
      let value: unknown;
      if (hasArguments || typeof source !== 'object' || source === null) {
        value = read(run, source, parentPath);
      } else {
        value = (source as Record<string, unknown>)[name];
        if (typeof value === unchanged) return value;
        if (typeof value === 'function') value = read(run, source, parentPath);
      }
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
