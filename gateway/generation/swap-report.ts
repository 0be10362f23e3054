import type { Warming } from './generation-builder.js';

export type SwapOutcome = 'swapped' | 'unchanged' | 'refused' | 'superseded';

export interface SwapReport extends Warming {
  readonly outcome: 'swapped' | 'unchanged';
  readonly supergraphHash: string;
  readonly milliseconds: number;
}

/** Which supergraph is in force, for those who look after the gateway. */
export interface SupergraphStatus {
  /** SHA-256 of its text, in hexadecimal. */
  readonly supergraphHash: string;
  readonly subgraphs: readonly string[];
  readonly inForceSince: string;
  /** Supergraphs that were replaced, and whose last requests and streams have not ended. */
  readonly retiring: number;
  /** The supergraph that was refused since the one in force came. */
  readonly refused?: { readonly at: string; readonly reason: string };
}
