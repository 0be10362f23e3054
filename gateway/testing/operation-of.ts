import { parse } from 'graphql';
import type { SubgraphOperation } from '../transports/subgraph-transport.js';

/** An operation as the planner would hand it to a transport. */
export function operationOf(text: string): SubgraphOperation {
  const kind = text.startsWith('mutation') ? 'mutation' : text.startsWith('subscription') ? 'subscription' : 'query';
  return { kind, text, document: parse(text, { noLocation: true }), operationName: undefined };
}
