import type { GraphQLSchema } from 'graphql';
import type { Gauge } from 'prom-client';
import { FetchSharing, HttpTransport, InProcessTransport, type SubgraphTransport } from '../gateway/index.js';
import { ACTOR_HEADER, signActor } from '../kernel/access/actor-header.js';
import type { RequestContext } from '../kernel/graphql/request-context.js';
import type { Runtime } from './runtime.js';

type Headers = Readonly<Record<string, string>>;

const CIRCUIT_METRIC = 'gateway_subgraph_circuit';
const CIRCUIT_VALUES = { closed: 0, halfOpen: 1, open: 2 } as const;

/** The ways to the subgraphs: over HTTP where a URL is configured, else in this process. */
export function subgraphTransports(
  runtime: Runtime,
  schemas: ReadonlyMap<string, { readonly schema: GraphQLSchema }>,
): Map<string, SubgraphTransport> {
  const circuits = circuitGauge(runtime.kernel);
  const headersFor = actorHeaders(runtime);
  // An actor names its credential and session: two requests of equal actors may see the same.
  const sharing = new FetchSharing<RequestContext>(({ actor }) => JSON.stringify(actor));
  const transports = new Map<string, SubgraphTransport>();
  for (const [name, { schema }] of schemas) {
    const url = runtime.configuration.subgraphUrls.get(name);
    if (url === undefined) {
      transports.set(name, new InProcessTransport(schema));
      continue;
    }
    circuits.set({ subgraph: name }, CIRCUIT_VALUES.closed);
    const onCircuitChange = (state: keyof typeof CIRCUIT_VALUES): void => {
      circuits.set({ subgraph: name }, CIRCUIT_VALUES[state]);
      runtime.logger.warn({ subgraph: name, state }, 'the circuit to a subgraph changed');
    };
    transports.set(name, new HttpTransport<RequestContext>({ name, url, headersFor, sharing, onCircuitChange }));
  }
  return transports;
}

/** Well within the lifetime of a signed actor; a WebSocket's operations have one context for as long as it is open. */
const SIGNED_SECONDS_MAX = 20;

/** The actor travels signed; it is signed once for all fetches of a request. */
function actorHeaders(runtime: Runtime): (context: RequestContext) => Promise<Headers> {
  const key = runtime.masterKey.subkey('actor-header');
  const made = new WeakMap<RequestContext, { readonly headers: Promise<Headers>; readonly at: number }>();
  const make = async ({ actor, correlationId, traceparent, tracestate }: RequestContext): Promise<Headers> => ({
    [ACTOR_HEADER]: await signActor(actor, key),
    'x-correlation-id': correlationId,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  });
  return async (context) => {
    const known = made.get(context);
    const now = performance.now();
    if (known && now - known.at < SIGNED_SECONDS_MAX * 1_000) return known.headers;
    const headers = make(context);
    made.set(context, { headers, at: now });
    return headers;
  };
}

/** A process may hold several gateways; they report to the same metric. */
function circuitGauge({ metrics }: Runtime['kernel']): Gauge<'subgraph'> {
  const known = metrics.registry.getSingleMetric(CIRCUIT_METRIC) as Gauge<'subgraph'> | undefined;
  return known ?? metrics.gauge(CIRCUIT_METRIC, 'Circuit to a subgraph: 0 closed, 1 half open, 2 open.', ['subgraph']);
}
