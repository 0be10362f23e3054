import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { type CatalogueRequest, ONE_SUBGRAPH_REQUEST, THREE_HOP_REQUEST } from '../graphs/catalogue-graph.js';
import type { Benchmark, BenchmarkEnvironment, Line } from '../harness/benchmark.js';
import { CatalogueServers, type ServerName } from '../harness/catalogue-servers.js';
import { askOnce } from '../harness/http-clients.js';
import type { ServerProcess } from '../harness/server-process.js';
import { CLIENTS, ServedContender } from '../harness/served-contender.js';
import { rounded } from '../harness/statistics.js';
import { type Standing, ratioOf, standingOf, takeTurns } from '../harness/take-turns.js';
import { type PeerName, startPeers } from '../peers/start-peers.js';

const NAMES = {
  'own-gateway': 'our gateway',
  'own-in-process': 'our gateway, subgraphs in process',
  'stock-gateway': 'stock gateway',
  'bare-requests': 'bare parallel sub-requests',
  'whole-schema': 'one schema, graphql-js',
  'same-bytes': 'raw HTTP, same bytes',
} as const satisfies Record<ServerName, string>;

type Name = (typeof NAMES)[ServerName] | PeerName;

/** The shortest list that a client asks for. */
const FIRST_MIN = 10;

interface Comparison {
  readonly own: 'own-gateway' | 'own-in-process';
  readonly against: Name;
  readonly target?: string;
}

interface Question {
  readonly what: string;
  readonly request: CatalogueRequest;
  /** What one of the clients asks for. */
  readonly requestOf: (client: number) => CatalogueRequest;
  readonly comparisons: readonly Comparison[];
}

const THREE_HOP_COMPARISONS: readonly Comparison[] = [
  { own: 'own-gateway', against: 'stock gateway', target: '≥ 8×' },
  { own: 'own-gateway', against: 'bare parallel sub-requests', target: '≥ 0.9×' },
  { own: 'own-gateway', against: 'Mercurius gateway, jit' },
  { own: 'own-gateway', against: 'Hive Gateway' },
  { own: 'own-in-process', against: 'stock gateway', target: '≥ 18×' },
  { own: 'own-in-process', against: 'one schema, graphql-jit', target: '≥ 0.6×' },
  { own: 'own-in-process', against: 'one schema, graphql-js' },
  { own: 'own-in-process', against: 'raw HTTP, same bytes' },
];

/** Each client asks for a list of another length: nothing that is on its way serves two of them. */
function ofItsOwn(request: CatalogueRequest): Question['requestOf'] {
  return (client) => ({ ...request, variables: { first: FIRST_MIN + client } });
}

const THREE_HOPS: Question = {
  what: 'three hops',
  request: THREE_HOP_REQUEST,
  requestOf: ofItsOwn(THREE_HOP_REQUEST),
  comparisons: THREE_HOP_COMPARISONS,
};

/**
 * Clients of one actor that ask the same at the same time, as open pages of a portal do: queries that arrive together
 * (subgraphs in process) and fetches on their way (over HTTP) are shared.
 */
const THREE_HOPS_ASKED_ALIKE: Question = {
  what: 'three hops, all ask the same',
  request: THREE_HOP_REQUEST,
  requestOf: () => THREE_HOP_REQUEST,
  comparisons: THREE_HOP_COMPARISONS,
};

const ONE_SUBGRAPH_COMPARISONS: readonly Comparison[] = [
  { own: 'own-gateway', against: 'Mercurius gateway, jit', target: '> 1×' },
  { own: 'own-gateway', against: 'stock gateway' },
  { own: 'own-gateway', against: 'bare parallel sub-requests' },
  { own: 'own-gateway', against: 'Hive Gateway' },
  { own: 'own-in-process', against: 'Mercurius with one schema, jit', target: '> 1×' },
  { own: 'own-in-process', against: 'stock gateway' },
  { own: 'own-in-process', against: 'one schema, graphql-jit' },
  { own: 'own-in-process', against: 'one schema, graphql-js' },
  { own: 'own-in-process', against: 'raw HTTP, same bytes' },
];

const ONE_SUBGRAPH: Question = {
  what: 'one subgraph',
  request: ONE_SUBGRAPH_REQUEST,
  requestOf: ofItsOwn(ONE_SUBGRAPH_REQUEST),
  comparisons: ONE_SUBGRAPH_COMPARISONS,
};

async function run(environment: BenchmarkEnvironment): Promise<readonly Line[]> {
  const servers = await CatalogueServers.start(environment.scratchDirectory());
  try {
    const contenders = new Map<Name, ServerProcess>();
    for (const [server, name] of Object.entries(NAMES)) {
      contenders.set(name, await servers.startServer(server as ServerName));
    }
    for (const [name, server] of await startPeers(environment, servers)) contenders.set(name, server);
    return [
      ...(await compare(environment, contenders, THREE_HOPS)),
      ...(await compare(environment, contenders, THREE_HOPS_ASKED_ALIKE)),
      ...(await compare(environment, contenders, ONE_SUBGRAPH)),
    ];
  } finally {
    await servers.stop();
  }
}

async function compare(
  environment: BenchmarkEnvironment,
  started: ReadonlyMap<Name, ServerProcess>,
  { what, request, requestOf, comparisons }: Question,
): Promise<readonly Line[]> {
  const servers = await sameAnswers(environment, started, request);
  environment.note(`${what}: ${servers.size} contenders warm up, then take turns`);
  const contenders = new Map(
    [...servers].map(([name, server]) => [name, new ServedContender(name, server, requestOf)]),
  );
  for (const contender of contenders.values()) await contender.warmUp();
  const standings = await takeTurns(environment, [...contenders.values()], CLIENTS);
  const measured = [...contenders].map(([name, contender]): Measured => {
    return { name, contender, standing: standingOf(standings, name) };
  });
  const measuredOf = (name: Name): Measured | undefined => measured.find((one) => one.name === name);
  return [
    ...comparisons.flatMap(({ own, against, target }) => {
      const [ours, theirs] = [measuredOf(NAMES[own]), measuredOf(against)];
      return ours === undefined || theirs === undefined ? [] : comparedLine(what, ours, theirs, target);
    }),
    ...measured.map((one) => ownLine(what, one)),
  ];
}

interface Measured {
  readonly name: Name;
  readonly contender: ServedContender;
  readonly standing: Standing;
}

function comparedLine(what: string, own: Measured, against: Measured, target: string | undefined): Line {
  return {
    what: `${what}, ${own.name}`,
    value: rounded(own.standing.rate),
    unit: '/s',
    against: { name: against.name, value: rounded(against.standing.rate) },
    ratio: ratioOf(own.standing, against.standing),
    ...(target === undefined ? {} : { target }),
    details: { cpu_ratio: rounded(against.contender.cpuMilliseconds / own.contender.cpuMilliseconds) },
  };
}

function ownLine(what: string, { name, contender, standing }: Measured): Line {
  return { what: `${what}, ${name}`, value: rounded(standing.rate), unit: '/s', details: contender.details(standing) };
}

/** Those that answer as our gateway does: speed is worth nothing when the answers differ. */
async function sameAnswers(
  environment: BenchmarkEnvironment,
  servers: ReadonlyMap<Name, ServerProcess>,
  request: CatalogueRequest,
): Promise<ReadonlyMap<Name, ServerProcess>> {
  let expected: unknown;
  const same = new Map<Name, ServerProcess>();
  for (const [name, server] of servers) {
    const answer = await askOnce(server.url, JSON.stringify(request));
    expected ??= answer;
    if (isDeepStrictEqual(answer, expected)) same.set(name, server);
    else environment.note(`left out: ${name} answers ${JSON.stringify(answer).slice(0, 200)}`);
  }
  assert.equal((expected as { data: { topProducts: unknown[] } }).data.topProducts.length, 18);
  return same;
}

export const gatewayQuery: Benchmark = {
  name: 'gateway-query',
  describe:
    'queries over one and over four subgraphs, over HTTP, against other gateways and what lies below any gateway',
  run,
};
