import {
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  type GraphQLResolveInfo,
  type GraphQLUnionType,
} from 'graphql';
import { compileArguments } from './compile-arguments.js';
import type { FieldRunner } from './compile-field.js';
import { compileItem, type ItemCompleter } from './composite-completer.js';
import type { ExecutionRun, Path } from './execution-run.js';
import { resolveInfoOf, type FieldSite } from './field-site.js';
import { runtimeTypeOf } from './runtime-type.js';
import { after, isPending, isThenable } from './thenable.js';

/** What `@apollo/subgraph` makes of `__resolveReference`. */
type ReferenceResolver = (reference: unknown, context: unknown, info: GraphQLResolveInfo) => unknown;

/** How entities of one type are found and completed. */
interface EntityType {
  readonly resolveReference: ReferenceResolver;
  readonly complete: ItemCompleter;
}

/**
 * `Query._entities` as `@apollo/subgraph` resolves it, without a promise for each entity. Representations of interfaces,
 * and of types without `__resolveReference`, are left to its resolver, the `otherwise`. What was resolved is not marked
 * with a `__typename`: its type is known. Undefined for any other field.
 */
export function compileEntities(site: FieldSite, otherwise: FieldRunner): FieldRunner | undefined {
  const union = unionOfEntities(site);
  if (!union) return undefined;
  const argumentsOf = compileArguments(site);
  const types = new Map<unknown, EntityType | undefined>();
  const typeOf = (name: unknown): EntityType | undefined => {
    const known = types.get(name);
    if (known || types.has(name)) return known;
    const found = entityTypeOf(name, site);
    types.set(name, found);
    return found;
  };
  return (run, source, parentPath) => {
    const path: Path = { prev: parentPath, key: site.responseName, typename: site.parentType.name };
    try {
      const { representations } = argumentsOf(run.variables) as { representations: readonly Reference[] };
      const found: EntityType[] = [];
      for (const reference of representations) {
        const type = typeOf(reference.__typename);
        if (!type) return otherwise(run, source, parentPath);
        found.push(type);
      }
      return entities(site, union, run, path, representations, found);
    } catch (error) {
      return run.fail(error, site, path, true);
    }
  };
}

interface Reference {
  readonly __typename: unknown;
}

function entities(
  site: FieldSite,
  union: GraphQLUnionType,
  run: ExecutionRun,
  path: Path,
  representations: readonly Reference[],
  types: readonly EntityType[],
): unknown {
  const info = resolveInfoOf(site, run, path);
  const checked = (value: unknown): unknown => (isEntity(value) ? value : noEntity(value, union, site));
  // As there: all are asked for before one is completed, and one that throws ends them all.
  const resolved: unknown[] = [];
  try {
    for (let i = 0; i < representations.length; i++)
      resolved.push((types[i] as EntityType).resolveReference(representations[i], run.context, info));
  } catch (error) {
    for (const value of resolved) if (isThenable(value)) void Promise.resolve(value).catch(() => undefined);
    throw error;
  }
  let hasPending = false;
  for (let i = 0; i < resolved.length; i++) {
    const value = resolved[i];
    const item = isThenable(value) ? after(value, checked) : checked(value);
    const done = (types[i] as EntityType).complete(run, item, path, i, info);
    resolved[i] = done;
    hasPending ||= isPending(done);
  }
  return hasPending ? Promise.all(resolved) : resolved;
}

function isEntity(value: unknown): boolean {
  return typeof value === 'object' || value === undefined;
}

/** What graphql-js says of it, as a value that is completed to that error. */
function noEntity(value: unknown, union: GraphQLUnionType, site: FieldSite): unknown {
  try {
    return runtimeTypeOf(undefined, union, site, value);
  } catch (error) {
    return error;
  }
}

function unionOfEntities({ definition, parentType, scope }: FieldSite): GraphQLUnionType | undefined {
  if (definition.name !== '_entities' || parentType !== scope.schema.getQueryType()) return undefined;
  const list = isNonNullType(definition.type) ? definition.type.ofType : undefined;
  const item = isListType(list) ? (list.ofType as unknown) : undefined;
  return isUnionType(item) ? item : undefined;
}

function entityTypeOf(name: unknown, site: FieldSite): EntityType | undefined {
  const type = typeof name === 'string' ? site.scope.schema.getType(name) : undefined;
  if (!isObjectType(type) || type.isTypeOf) return undefined;
  const { apollo } = type.extensions as { apollo?: { subgraph?: { resolveReference?: ReferenceResolver } } };
  const resolveReference = apollo?.subgraph?.resolveReference;
  return resolveReference && { resolveReference, complete: compileItem(type, site) };
}
