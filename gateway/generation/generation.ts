import type { GatewayOperation } from '../engine/engine.js';
import type { AccessRules } from '../guard/access-rules.js';
import type { OperationCosts } from '../guard/cost/operation-costs.js';
import type { DocumentStore } from '../guard/document-store.js';
import type { OperationStore } from '../guard/operation-store.js';
import type { SubgraphTransport } from '../transports/subgraph-transport.js';
import type { LeasedEngine } from './leased-engine.js';

/** One supergraph in force, with everything derived from it. Requests and streams keep the one that they began with. */
export interface Generation {
  readonly supergraphSdl: string;
  /** SHA-256 of the supergraph's text, in hexadecimal. */
  readonly supergraphHash: string;
  readonly engine: LeasedEngine;
  readonly access: AccessRules;
  readonly documents: DocumentStore;
  readonly operations: OperationStore;
  readonly costs: OperationCosts;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  /** Whether nothing is asked of subgraphs in this process. */
  readonly isRemote: boolean;
}

/** What a new generation is prepared for: an operation, as it was sent, of a caller with certain rights. */
export interface KnownOperation {
  readonly text: string;
  /** Absent for an operation without a name, and for all operations of a document. */
  readonly operationName?: string;
  /** Permissions of the operation that the caller lacks. */
  readonly missing: readonly string[];
}

/** An operation as it was sent, or undefined if its text was not kept. */
export function knownOperation({ document, definition, missing = [] }: GatewayOperation): KnownOperation | undefined {
  const text = document.loc?.source.body;
  if (text === undefined) return undefined;
  return { text, missing, ...(definition.name ? { operationName: definition.name.value } : {}) };
}
