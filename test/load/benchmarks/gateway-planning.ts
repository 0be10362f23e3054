import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { getOperationAST, parse, validate } from 'graphql';
import type { GatewayOperation } from '../../../gateway/engine/engine.js';
import { FederatedEngine } from '../../../gateway/engine/federated-engine.js';
import { GraphPlanner } from '../../../gateway/engine/planning/graph-planner.js';
import { apiSdlOf, buildGraphSchemas } from '../../../gateway/engine/planning/graph-schemas.js';
import { nextGraphNumber, OperationPlanner } from '../../../gateway/engine/planning/operation-planner.js';
import { PlanningThread } from '../../../gateway/engine/planning/planning-thread.js';
import { OperationWriter, randomNumbers } from '../../../gateway/testing/random-operation.js';
import { scriptedTransport } from '../../../gateway/testing/intercept-transport.js';
import { projectPath } from '../../../kernel/project-path.js';
import type { Benchmark, BenchmarkEnvironment, Line } from '../harness/benchmark.js';
import { median, percentile, rounded } from '../harness/statistics.js';

const SMALL = '{ me { id } }';
/** Characters of a large operation: some hundred fields. */
const LARGE_LENGTH_MIN = 4_000;
const LARGE_PER_ROUND = 5;
/** Between two small queries, as they would come from a socket. */
const PAUSE_MILLISECONDS = 1;

interface Measured {
  readonly p99: number;
  readonly delayMax: number;
}

/** Our own graph, with subgraphs that answer at once. */
async function setUp() {
  const supergraphSdl = await readFile(projectPath('schema', 'supergraph.graphql'), 'utf8');
  const inline = GraphPlanner.build(supergraphSdl);
  const schemas = buildGraphSchemas({ supergraphSdl, apiSdl: apiSdlOf(inline) });
  const thread = new PlanningThread();
  const graphNumber = nextGraphNumber();
  const subgraph = scriptedTransport(async () => ({ data: { me: { __typename: 'User', id: 'usr_1' } } }));
  const transports = new Map([...schemas.subgraphs.keys()].map((name) => [name, subgraph]));
  const engineWith = (limit?: number): FederatedEngine => {
    const limits = limit === undefined ? {} : { inlineMillisecondsMax: limit };
    const planner = new OperationPlanner({ supergraphSdl, schemas, thread, graphNumber, inline, ...limits });
    return new FederatedEngine({ supergraphSdl, transports, graph: { ...schemas, supergraphSdl, planner } });
  };
  const writer = new OperationWriter(schemas.apiSchema, ['usr_1'], randomNumbers(11));
  const large = (): GatewayOperation => {
    for (;;) {
      const text = writer.write();
      if (text.length < LARGE_LENGTH_MIN || !text.startsWith('query')) continue;
      const operation = operationOf(text);
      if (validate(schemas.apiSchema, operation.document).length === 0) return operation;
    }
  };
  await thread.load(graphNumber, supergraphSdl);
  return { thread, large, aside: engineWith(), atOnce: engineWith(Number.POSITIVE_INFINITY) };
}

function operationOf(text: string): GatewayOperation {
  const document = parse(text);
  const definition = getOperationAST(document);
  if (definition == null) throw new Error('there is no operation');
  return { document, definition, fetched: { document, definition } };
}

/** Small queries one after another while `beside` goes on; for a round at least. */
async function askWhile(
  engine: FederatedEngine,
  milliseconds: number,
  beside: () => Promise<unknown>,
): Promise<Measured> {
  const small = operationOf(SMALL);
  await engine.execute({ operation: small, variables: {}, context: {} });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const finished = new AbortController();
  const done = beside().finally(() => finished.abort());
  const times: number[] = [];
  const end = performance.now() + milliseconds;
  while (!finished.signal.aborted || performance.now() < end) {
    const due = performance.now() + PAUSE_MILLISECONDS;
    await setTimeout(PAUSE_MILLISECONDS);
    await engine.execute({ operation: small, variables: {}, context: {} });
    // A query that could not begin when it was due has waited, too.
    times.push(performance.now() - due);
  }
  await done;
  delay.disable();
  return { p99: percentile(times, 0.99), delayMax: delay.max / 1e6 };
}

async function run(environment: BenchmarkEnvironment): Promise<readonly Line[]> {
  const { thread, large, aside, atOnce } = await setUp();
  const rounds: { readonly quiet: Measured; readonly aside: Measured; readonly atOnce: Measured }[] = [];
  const planLarge = async (engine: FederatedEngine, operations: readonly GatewayOperation[]): Promise<void> => {
    for (const operation of operations) {
      await setTimeout(environment.roundMilliseconds / (2 * LARGE_PER_ROUND));
      await engine.execute({ operation, variables: { yes: true, no: false }, context: {} });
    }
  };
  try {
    for (let round = 0; round <= environment.rounds; round += 1) {
      const ask = async (engine: FederatedEngine, beside: () => Promise<unknown>): Promise<Measured> =>
        askWhile(engine, environment.roundMilliseconds, beside);
      // Others than those of the rounds before, the same for both.
      const operations = Array.from({ length: LARGE_PER_ROUND }, large);
      const measured = {
        quiet: await ask(aside, async () => undefined),
        aside: await ask(aside, async () => planLarge(aside, operations)),
        atOnce: await ask(atOnce, async () => planLarge(atOnce, operations)),
      };
      if (round > 0) rounds.push(measured);
    }
  } finally {
    await thread.close();
  }
  const of = (pick: (round: (typeof rounds)[number]) => number): number => rounded(median(rounds.map(pick)));
  const quiet = { name: 'nothing is planned', value: of((round) => round.quiet.p99) };
  return [
    {
      what: 'p99 of small queries while large operations are planned for the first time',
      value: of((round) => round.aside.p99),
      unit: 'ms',
      against: quiet,
      ratio: of((round) => round.aside.p99 / round.quiet.p99),
      target: '≤ 3 times its normal',
      details: {
        longest_delay_of_the_event_loop_ms: of((round) => round.aside.delayMax),
        quiet_longest_delay_ms: of((round) => round.quiet.delayMax),
      },
    },
    {
      what: 'the same, planned on the event loop',
      value: of((round) => round.atOnce.p99),
      unit: 'ms',
      against: quiet,
      ratio: of((round) => round.atOnce.p99 / round.quiet.p99),
      details: { longest_delay_of_the_event_loop_ms: of((round) => round.atOnce.delayMax) },
    },
  ];
}

export const gatewayPlanning: Benchmark = {
  name: 'gateway-planning',
  describe: 'small queries while large operations are planned for the first time, in the thread and on the event loop',
  run,
};
