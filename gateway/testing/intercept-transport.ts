import type {
  SubgraphCall,
  SubgraphOperation,
  SubgraphResult,
  SubgraphTransport,
} from '../transports/subgraph-transport.js';

/** Stands between engine and subgraph: sees what is asked, and answers it or passes it on by `next`. */
export type Interception = (
  next: () => Promise<SubgraphResult>,
  call: SubgraphCall,
  operation: SubgraphOperation,
) => Promise<SubgraphResult>;

/** The same transport, with every fetch going through `intercept`. Subscriptions pass untouched. */
export function interceptTransport(transport: SubgraphTransport, intercept: Interception): SubgraphTransport {
  return {
    representationForm: transport.representationForm,
    compile(operation) {
      const fetch = transport.compile(operation);
      return async (call) => intercept(async () => fetch(call), call, operation);
    },
    subscribe: async (request) => transport.subscribe(request),
  };
}

export function interceptTransports(
  transports: ReadonlyMap<string, SubgraphTransport>,
  intercept: (name: string) => Interception,
): Map<string, SubgraphTransport> {
  return new Map([...transports].map(([name, transport]) => [name, interceptTransport(transport, intercept(name))]));
}

/** A subgraph that answers every fetch, and every subscription, by these functions. */
export function scriptedTransport(
  answer: (call: SubgraphCall, operation: SubgraphOperation) => Promise<SubgraphResult>,
  subscribe: SubgraphTransport['subscribe'] = async () => ({}),
): SubgraphTransport {
  return { representationForm: 'object', compile: (operation) => async (call) => answer(call, operation), subscribe };
}
