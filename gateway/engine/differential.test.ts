import { getOperationAST, GraphQLError, parse, validate, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { interceptTransports } from '../testing/intercept-transport.js';
import { OperationWriter, randomNumbers } from '../testing/random-operation.js';
import { SHOP_SDL, shopSupergraph, shopTransports, type ShopService } from '../testing/shop-graph.js';
import { shopResolvers, type ShopResolvers } from '../testing/shop-resolvers.js';
import type { SubgraphResult, SubgraphTransport } from '../transports/subgraph-transport.js';
import type { GatewayOperation } from './engine.js';
import { FederatedEngine } from './federated-engine.js';
import { StockEngine } from './stock-engine.js';

const COUNT = Number(process.env['DIFFERENTIAL_COUNT'] ?? 1_000);
const IDS = ['u1', 'u2', 'u3', 'u9', 'g1', 'p1', 'p2', 'p3', 'p4', 'p9', 'r1', 'r3', 'r9'];

/** What goes wrong in one round: decided by place, so that both engines meet the same. */
interface Faults {
  seed: number;
  fieldChance: number;
  fetchChance: number;
}

function chanceAt(faults: Faults, place: string): number {
  let hash = faults.seed;
  for (const character of place) hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619);
  return randomNumbers(hash)();
}

function faultyResolvers(faults: Faults): ShopResolvers {
  const resolvers = shopResolvers();
  for (const service of Object.keys(SHOP_SDL) as ShopService[]) {
    for (const [typeName, fields] of Object.entries<Record<string, unknown>>(resolvers[service])) {
      if (typeName === 'Subscription') continue;
      for (const [fieldName, resolve] of Object.entries(fields)) {
        fields[fieldName] = (source: Record<string, unknown> | undefined, ...rest: unknown[]): unknown => {
          const place = `${service}/${typeName}.${fieldName}(${JSON.stringify(source?.['id'] ?? null)})`;
          const chance = chanceAt(faults, place);
          if (chance < faults.fieldChance / 2)
            throw new GraphQLError(`fault at ${place}`, { extensions: { code: 'CONFLICT' } });
          if (chance < faults.fieldChance && fieldName !== 'subscribe') return null;
          return (resolve as (...args: unknown[]) => unknown)(source, ...rest);
        };
      }
    }
  }
  return resolvers;
}

function faultyTransports(faults: Faults): Map<string, SubgraphTransport> {
  return interceptTransports(shopTransports(faultyResolvers(faults)), (name) => async (next) => {
    if (chanceAt(faults, `fetch ${name}`) < faults.fetchChance)
      throw new PlatformError('UNAVAILABLE', `no answer from ${name}`);
    // As over HTTP: the stock executor wants objects with a prototype.
    return JSON.parse(JSON.stringify(await next())) as object;
  });
}

/**
 * The stock executor lets the interface's name, which a subgraph with `@interfaceObject` answers, replace the concrete
 * type name that another subgraph told, and then drops fragments on the concrete type. It gets answers without it.
 */
function withoutInterfaceNames(transports: Map<string, SubgraphTransport>): Map<string, SubgraphTransport> {
  const strip = (result: SubgraphResult): SubgraphResult => {
    const { _entities: entities } = (result.data ?? {}) as { _entities?: unknown };
    if (Array.isArray(entities)) {
      for (const entity of entities as ({ __typename?: string } | null)[])
        if (entity?.__typename === 'Product') delete entity.__typename;
    }
    return result;
  };
  return interceptTransports(transports, () => async (next) => strip(await next()));
}

function operationOf(schema: GraphQLSchema, text: string): GatewayOperation {
  const document = parse(text);
  const [invalid] = validate(schema, document);
  if (invalid) throw new Error(`${invalid.message}\n${text}`);
  const definition = getOperationAST(document);
  if (!definition) throw new Error('no operation');
  return { document, definition, fetched: { document, definition } };
}

interface Comparison {
  readonly differences: string[];
  /** Paths of the stock executor whose list indices are wrong: it counts only the entities it fetched. */
  stockIndexFaults: number;
  /** Paths of the stock executor that name `_entities` or `@`, which no client selected. */
  stockPathFaults: number;
}

function errorsOf({ errors }: ExecutionResult): { message: string; path: string; shape: string }[] {
  return (errors ?? []).map(({ message, path = [] }) => ({
    message,
    path: path.join('.'),
    shape: path.filter((part) => typeof part === 'string').join('.'),
  }));
}

/** Ours reports every null that no error explains; the stock executor only if there are no other errors. */
const VIOLATION = 'Cannot return null for non-nullable';
/** Ours when an entity is unknown to its owner, and nothing up to the root may be null. */
const UNKNOWN = 'Something that the operation needs does not exist.';

/** Errors match if both report the same faults, ours at the stock's path or, more exactly, below it. */
function compareErrors(own: ExecutionResult, stock: ExecutionResult, comparison: Comparison): void {
  const ours = errorsOf(own);
  const theirs = errorsOf(stock);
  for (const { message, path, shape } of theirs) {
    const same = ours.filter((error) => error.message === message);
    if (same.some((error) => `${error.path}.`.startsWith(path === '' ? '' : `${path}.`))) continue;
    if (same.some((error) => `${error.shape}.`.startsWith(`${shape}.`))) comparison.stockIndexFaults++;
    else if (same.length > 0 && path.includes('_entities')) comparison.stockPathFaults++;
    else comparison.differences.push(`only stock: ${message} at ${path}; ours: ${JSON.stringify(same)}`);
  }
  for (const { message, path } of ours) {
    if (message.startsWith(VIOLATION) || message === UNKNOWN || theirs.some((error) => error.message === message))
      continue;
    comparison.differences.push(`only ours: ${message} at ${path}`);
  }
}

describe('the federated engine beside the stock executor', () => {
  it(`answers ${COUNT} random operations with injected errors alike`, { timeout: 600_000 }, async () => {
    const faults: Faults = { seed: 1, fieldChance: 0, fetchChance: 0 };
    const transports = faultyTransports(faults);
    const supergraphSdl = shopSupergraph().sdl;
    const own = new FederatedEngine({ supergraphSdl, transports });
    const stock = await StockEngine.start({ supergraphSdl, transports: withoutInterfaceNames(transports) });
    const comparison: Comparison = { differences: [], stockIndexFaults: 0, stockPathFaults: 0 };
    let failing = 0;
    for (let seed = 1; seed <= COUNT; seed++) {
      Object.assign(faults, { seed, fieldChance: seed % 2 === 0 ? 0.15 : 0, fetchChance: seed % 10 === 0 ? 0.3 : 0 });
      const text = new OperationWriter(own.apiSchema, IDS, randomNumbers(seed)).write();
      const request = { operation: operationOf(own.apiSchema, text), variables: { yes: true }, context: {} };
      const [ours, theirs] = [await own.execute(request), await stock.execute(request)];
      if (theirs.errors) failing++;
      const before = comparison.differences.length;
      if (JSON.stringify(sorted(ours.data)) !== JSON.stringify(sorted(theirs.data))) {
        comparison.differences.push(`data\n  ours  ${JSON.stringify(ours)}\n  stock ${JSON.stringify(theirs)}`);
      }
      compareErrors(ours, theirs, comparison);
      if (comparison.differences.length > before) comparison.differences.push(`in operation ${seed}: ${text}`);
    }
    const { stockIndexFaults, stockPathFaults } = comparison;
    process.stdout.write(
      `differential: ${COUNT} operations, ${failing} with errors, stock executor: ${stockIndexFaults} index faults, ${stockPathFaults} path faults\n`,
    );
    expect(comparison.differences.slice(0, 6)).toEqual([]);
    expect(failing).toBeGreaterThan(COUNT / 10);
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
