import assert from 'node:assert/strict';
import { type ExecutionResult, execute, parse } from 'graphql';
import type { Engine, GatewayOperation } from '../../../gateway/engine/engine.js';
import { FederatedEngine } from '../../../gateway/engine/federated-engine.js';
import { StockEngine } from '../../../gateway/engine/stock-engine.js';
import { gatewayOperation } from '../../../gateway/testing/gateway-operation.js';
import { FLEET_QUERY, fleetGraph } from '../graphs/fleet-graph.js';
import type { Benchmark, BenchmarkEnvironment, Line } from '../harness/benchmark.js';
import { rounded } from '../harness/statistics.js';
import { type Contender, detailsOf, ratioOf, standingOf, takeTurns } from '../harness/take-turns.js';

const WHOLE = 'one schema, graphql-js';
const OWN = 'our engine';
const STOCK = 'stock engine';
const SIZES = [1, 20, 100];
/** Queries between two looks at the clock, and two turns of the event loop. */
const BATCH = 10;

async function run(environment: BenchmarkEnvironment): Promise<readonly Line[]> {
  const { supergraphSdl, transports, whole } = fleetGraph();
  const own = new FederatedEngine({ supergraphSdl, transports });
  const stock = await StockEngine.start({ supergraphSdl, transports });
  // Parsed once, as the gateway does: both sides run a document that is known.
  const query = gatewayOperation(parse(FLEET_QUERY, { noLocation: true }));
  const asks: Record<string, (first: number) => Promise<ExecutionResult>> = {
    [WHOLE]: async (first) =>
      execute({ schema: whole, document: query.document, variableValues: { first }, contextValue: {} }),
    [OWN]: engineAsk(own, query),
    [STOCK]: engineAsk(stock, query),
  };
  const lines: Line[] = [];
  for (const first of SIZES) {
    await assertSameAnswers(asks, first);
    const contenders = Object.entries(asks).map(([name, ask]) => contender(name, () => ask(first)));
    const standings = await environment.profiled(`federated-query-${first}`, () =>
      takeTurns(environment, contenders, 1),
    );
    const [ours, floor, peer] = [OWN, WHOLE, STOCK].map((name) => standingOf(standings, name));
    if (ours === undefined || floor === undefined || peer === undefined) continue;
    const line = (against: typeof floor): Line => ({
      what: `three-subgraph query of ${first} rows, ${OWN}`,
      value: rounded(1e6 / ours.rate / BATCH),
      unit: 'µs',
      against: { name: against.name, value: rounded(1e6 / against.rate / BATCH) },
      ratio: ratioOf(against, ours),
    });
    lines.push({ ...line(floor), target: 'reported', details: batched(detailsOf(ours)) }, line(peer));
  }
  return lines;
}

/** What was timed was a batch; the details say so. */
function batched(details: Record<string, number>): Record<string, number> {
  const { p50_ms: p50 = Number.NaN, p99_ms: p99 = Number.NaN, samples = 0 } = details;
  return {
    [`p50_µs`]: rounded((p50 * 1000) / BATCH),
    [`p99_µs`]: rounded((p99 * 1000) / BATCH),
    queries: samples * BATCH,
  };
}

function engineAsk(engine: Engine, query: GatewayOperation): (first: number) => Promise<ExecutionResult> {
  return async (first) => engine.execute({ operation: query, variables: { first }, context: {} });
}

function contender(name: string, ask: () => Promise<ExecutionResult>): Contender {
  return {
    name,
    async operation() {
      for (let count = 0; count < BATCH; count += 1) await ask();
      await new Promise(setImmediate);
    },
  };
}

/** Speed is worth nothing when the answers differ. */
async function assertSameAnswers(
  asks: Record<string, (first: number) => Promise<ExecutionResult>>,
  first: number,
): Promise<void> {
  const answers = await Promise.all(Object.values(asks).map((ask) => ask(first)));
  const [expected, ...others] = answers.map((answer) => JSON.parse(JSON.stringify(answer)) as object);
  assert.equal((expected as { data: { allocations: unknown[] } }).data.allocations.length, first);
  for (const other of others) assert.deepEqual(other, expected);
}

export const federatedQuery: Benchmark = {
  name: 'federated-query',
  describe: 'one query over three subgraphs in process, against the same query on one schema, and on the stock engine',
  run,
};
