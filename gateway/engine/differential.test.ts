import { parse, validate, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { afterAll, describe, expect, it } from 'vitest';
import { gatewayOperation } from '../testing/gateway-operation.js';
import { answeredParts } from '../testing/answered-parts.js';
import { ARCHIVE } from '../testing/archive-graph.js';
import { compareAnswers, noComparison } from '../testing/compare-answers.js';
import { compareParts } from '../testing/compare-parts.js';
import { faultyTransports, noFaults, type InjectedFaults } from '../testing/faulty-graph.js';
import { interceptTransports } from '../testing/intercept-transport.js';
import { OperationWriter, randomNumbers } from '../testing/random-operation.js';
import { SHOP } from '../testing/shop-graph.js';
import { supergraphSdlOf, type TestGraph } from '../testing/test-graph.js';
import type { SubgraphResult, SubgraphTransport } from '../transports/subgraph-transport.js';
import type { ExecutionRequest } from './engine.js';
import { FederatedEngine } from './federated-engine.js';
import { ConditionalRequirements, PLACEHOLDER } from './planning/conditional-requirements.js';
import { planGraph } from './planning/planned-graph.js';
import { PlanningProcess } from './planning/planning-process.js';
import { StockEngine } from './stock-engine.js';

const COUNT = Number(process.env['DIFFERENTIAL_COUNT'] ?? 400);
/** The number of the first operation: operations of the same number are the same. */
const FIRST = Number(process.env['DIFFERENTIAL_FIRST'] ?? 1);

/**
 * The stock executor lets the interface's name, which a subgraph with `@interfaceObject` answers, replace the concrete
 * type name that another subgraph told, and then drops fragments on the concrete type. It gets answers without it.
 */
function withoutInterfaceNames(
  { interfaceObjects }: TestGraph,
  transports: Map<string, SubgraphTransport>,
): Map<string, SubgraphTransport> {
  const strip = (result: SubgraphResult): SubgraphResult => {
    const { _entities: entities } = (result.data ?? {}) as { _entities?: unknown };
    if (Array.isArray(entities)) {
      for (const entity of entities as ({ __typename?: string } | null)[])
        if (entity && interfaceObjects.includes(entity.__typename ?? '')) delete entity.__typename;
    }
    return result;
  };
  return interceptTransports(transports, () => async (next) => strip(await next()));
}

function requestOf(schema: GraphQLSchema, text: string): ExecutionRequest {
  const document = parse(text);
  const [invalid] = validate(schema, document);
  if (invalid) throw new Error(`${invalid.message}\n${text}`);
  const operation = gatewayOperation(document);
  return { operation, variables: { yes: true }, context: {} };
}

/** The planner that both use forgets that a requirement may be skipped: the stock executor is asked when that is decided. */
async function executeDecided(
  stock: StockEngine,
  requirements: ConditionalRequirements,
  request: ExecutionRequest,
): Promise<ExecutionResult> {
  const form = requirements.formOf(request.operation, { ...request.variables, no: false });
  const result = await stock.execute({ ...request, operation: { ...form, ...form.fetched } });
  return JSON.parse(
    JSON.stringify(result, (name, value: unknown) => (name === PLACEHOLDER ? undefined : value)),
  ) as ExecutionResult;
}

/** Half of the rounds with faults in fields, some with unknown entities, some with subgraphs that are down. */
function choose(faults: InjectedFaults, seed: number): void {
  Object.assign(faults, {
    seed,
    isAlikeEverywhere: false,
    fieldChance: seed % 2 === 0 ? 0.12 : 0,
    entityChance: seed % 4 === 1 ? 0.1 : 0,
    fetchChance: seed % 10 === 0 ? 0.3 : 0,
  });
}

describe.each([SHOP, ARCHIVE])('the federated engine on the $name graph', (graph) => {
  const faults = noFaults();
  const transports = faultyTransports(graph, faults);
  const supergraphSdl = supergraphSdlOf(graph);
  // Random operations may be larger than any that people write.
  const planning = new PlanningProcess({ planSecondsMax: 300 });
  const planned = planGraph(supergraphSdl, planning);
  const own = new FederatedEngine({ supergraphSdl, transports, graph: planned });
  afterAll(async () => planning.close());

  it(
    `answers ${COUNT} random operations with injected errors as the stock executor does`,
    { timeout: 3_600_000 },
    async () => {
      const stock = await StockEngine.start({ supergraphSdl, transports: withoutInterfaceNames(graph, transports) });
      const requirements = new ConditionalRequirements(planned.schema);
      const comparison = noComparison();
      let failing = 0;
      for (let seed = FIRST; seed < FIRST + COUNT && comparison.differences.length < 20; seed++) {
        choose(faults, seed);
        const text = new OperationWriter(own.apiSchema, graph.ids, randomNumbers(seed), { depth: graph.depth }).write();
        const request = requestOf(own.apiSchema, text);
        const [ours, theirs] = [await own.execute(request), await executeDecided(stock, requirements, request)];
        if (theirs.errors) failing++;
        const before = comparison.differences.length;
        compareAnswers(request.operation.document, ours, theirs, comparison);
        if (comparison.differences.length > before) comparison.differences.push(`in operation ${seed}: ${text}`);
      }
      const { stockIndexFaults, stockPathFaults, stockUnselectedFaults } = comparison;
      process.stdout.write(
        `differential, ${graph.name}: ${COUNT} operations, ${failing} with errors, ` +
          `stock executor: ${stockIndexFaults} index faults, ${stockPathFaults} path faults, ` +
          `${stockUnselectedFaults} unselected paths\n`,
      );
      expect(comparison.differences.slice(0, 6)).toEqual([]);
      expect(failing).toBeGreaterThanOrEqual(Math.floor(COUNT / 10));
    },
  );

  it(`answers ${COUNT} random operations in parts as it does whole`, { timeout: 3_600_000 }, async () => {
    const differences: string[] = [];
    let inParts = 0;
    for (let seed = FIRST; seed < FIRST + COUNT && differences.length < 20; seed++) {
      // Other fetches ask for other entities, and other subgraphs: what one does not know, the other may not have needed.
      choose(faults, seed);
      faults.entityChance = 0;
      faults.isAlikeEverywhere = true;
      const writer = new OperationWriter(own.apiSchema, graph.ids, randomNumbers(seed), {
        deferChance: 0.3,
        depth: graph.depth - 1,
      });
      const text = writer.write();
      const request = requestOf(own.apiSchema, text);
      const whole = await own.execute(request);
      const result = await own.executeIncrementally(request);
      if (!('initial' in result)) continue;
      inParts++;
      const parts = await answeredParts(result);
      const found = compareParts(request.operation.document, whole, parts);
      if (found.length > 0)
        differences.push([...found, `in operation ${seed}: ${text}`, JSON.stringify({ parts, whole })].join('\n '));
    }
    process.stdout.write(`deferral, ${graph.name}: ${COUNT} operations, ${inParts} answered in parts\n`);
    expect(differences.slice(0, 4)).toEqual([]);
    expect(inParts).toBeGreaterThanOrEqual(Math.floor(COUNT / 20));
  });
});
