import type { SubgraphCall, SubgraphOperation, SubgraphResult } from '../subgraph-transport.js';

/** Sends a fetch for a caller. */
export type Send = (call: SubgraphCall, caller: string) => Promise<SubgraphResult>;

/** Compiles what sends fetches by an operation. */
export type SendOperation = (operation: SubgraphOperation) => Send;

/** How fetches by one operation are sent as one, and their answers told apart. */
export interface GatheringForm {
  /** Sends a fetch as it is. */
  readonly send: Send;
  /** What fetches must have in common. */
  keyOf(call: SubgraphCall): string;
  weightOf(call: SubgraphCall): number;
  /** Of fetches that are sent as one; one that is heavier goes alone. */
  readonly weightMax: number;
  combine(calls: readonly SubgraphCall[]): Combined;
}

export interface Combined {
  readonly send: Send;
  readonly call: Pick<SubgraphCall, 'variables' | 'representations'>;
  /** The answers in the order of the fetches; undefined if it is not to be known what belongs to which. */
  readonly split: (result: SubgraphResult) => readonly SubgraphResult[] | undefined;
}
