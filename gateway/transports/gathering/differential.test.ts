import { parse, type ExecutionResult } from 'graphql';
import { afterAll, describe, expect, it } from 'vitest';
import { gatewayOperation } from '../../testing/gateway-operation.js';
import type { ExecutionRequest } from '../../engine/engine.js';
import { FederatedEngine } from '../../engine/federated-engine.js';
import { planGraph } from '../../engine/planning/planned-graph.js';
import { PlanningProcess } from '../../engine/planning/planning-process.js';
import { ARCHIVE } from '../../testing/archive-graph.js';
import { faultyTransports, noFaults } from '../../testing/faulty-graph.js';
import { OperationWriter, randomNumbers } from '../../testing/random-operation.js';
import { SHOP } from '../../testing/shop-graph.js';
import { supergraphSdlOf, type TestGraph } from '../../testing/test-graph.js';
import type { SubgraphCall, SubgraphTransport } from '../subgraph-transport.js';
import { FetchGathering } from './fetch-gathering.js';
import type { SendOperation } from './gathering-form.js';

const COUNT = Number(process.env['DIFFERENTIAL_COUNT'] ?? 200);
/** Clients that ask the same operation at once, each with variables of its own. */
const CLIENTS = 4;

interface Counts {
  asked: number;
  sent: number;
}

/** As over HTTP, where representations are text: what is asked at once is gathered, or not. */
function overText(transport: SubgraphTransport, counts: Counts, gathers: boolean): SubgraphTransport {
  const send: SendOperation = (operation) => {
    const fetch = transport.compile(operation);
    return async (call) => {
      counts.sent++;
      return fetch({ ...call, representations: parsed(call) });
    };
  };
  return {
    representationForm: 'json',
    compile(operation) {
      const gathered = gathers ? FetchGathering.of(operation, send) : undefined;
      const alone = send(operation);
      return async (call) => {
        counts.asked++;
        return gathered ? gathered.fetch('ada', call) : alone(call, 'ada');
      };
    },
    subscribe: async (request) => transport.subscribe(request),
  };
}

function parsed({ representations = {} }: SubgraphCall): SubgraphCall['representations'] {
  const lists = Object.entries(representations) as [string, readonly string[]][];
  return Object.fromEntries(
    lists.map(([name, list]) => [name, list.map((text) => JSON.parse(text) as object)] as const),
  ) as never;
}

/** A random query whose identifiers are variables, as each of the clients asks it. */
function requestsOf({ ids }: TestGraph, text: string, random: () => number): ExecutionRequest[] {
  const names: string[] = [];
  const withVariables = text.replaceAll(/: "([a-z]\d)"/g, () => `: $${names[names.push(`id${names.length}`) - 1]}`);
  const document = parse(
    withVariables.replace(
      '$no: Boolean = false',
      `$no: Boolean = false, ${names.map((name) => `$${name}: ID!`).join(', ')}`,
    ),
  );
  const operation = gatewayOperation(document);
  return Array.from({ length: CLIENTS }, (_, client) => {
    const chosen = names.map((name): [string, unknown] => [name, ids[Math.floor(random() * ids.length)]]);
    return { operation, variables: { yes: client !== 1, ...Object.fromEntries(chosen) }, context: {} };
  });
}

function comparable({ data, errors = [] }: ExecutionResult): unknown {
  return { data, errors: errors.map(({ message, path }) => `${path?.join('.')}: ${message}`).sort() };
}

describe.each([SHOP, ARCHIVE])('gathered fetches on the $name graph', (graph) => {
  const faults = noFaults();
  const transports = faultyTransports(graph, faults);
  const supergraphSdl = supergraphSdlOf(graph);
  const planning = new PlanningProcess({ planSecondsMax: 300 });
  const counts: Counts = { asked: 0, sent: 0 };
  const engine = (gathers: boolean, counted: Counts): FederatedEngine =>
    new FederatedEngine({
      supergraphSdl,
      transports: new Map([...transports].map(([name, transport]) => [name, overText(transport, counted, gathers)])),
      graph: planGraph(supergraphSdl, planning),
    });
  const [alone, together] = [engine(false, { asked: 0, sent: 0 }), engine(true, counts)];
  afterAll(async () => planning.close());

  it(
    `are answered in ${COUNT} random queries of ${CLIENTS} clients as if each were sent alone`,
    { timeout: 3_600_000 },
    async () => {
      let failing = 0;
      for (let seed = 1; seed <= COUNT; seed++) {
        const random = randomNumbers(seed);
        const text = new OperationWriter(alone.apiSchema, graph.ids, random, { depth: graph.depth }).write();
        if (!text.startsWith('query')) continue;
        Object.assign(faults, {
          seed,
          fieldChance: seed % 2 === 0 ? 0.12 : 0,
          entityChance: seed % 4 === 1 ? 0.1 : 0,
          fetchChance: seed % 10 === 0 ? 0.3 : 0,
        });
        const requests = requestsOf(graph, text, random);
        const expected: unknown[] = [];
        for (const request of requests) expected.push(comparable(await alone.execute(request)));
        const answers = await Promise.all(requests.map(async (request) => together.execute(request)));
        if (answers.some(({ errors }) => errors)) failing++;
        expect({ seed, text, answers: answers.map(comparable) }).toEqual({ seed, text, answers: expected });
      }
      const { asked, sent } = counts;
      process.stdout.write(
        `gathering, ${graph.name}: ${asked} fetches became ${sent}, ${failing} operations with errors\n`,
      );
      expect(sent).toBeLessThan(asked);
      expect(failing).toBeGreaterThan(COUNT / 10);
    },
  );
});
