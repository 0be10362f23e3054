import type { Transaction } from '../../../kernel/database/transaction.js';
import type { Subgraph } from '../../../kernel/subgraph.js';

/** An endpoint of a running app instance that speaks a known protocol; Token Factory serves models from those that speak OpenAI's. */
export interface AppEndpointView {
  readonly appInstanceId: string;
  readonly organizationId: string;
  readonly projectId: string;
  readonly appSlug: string;
  readonly endpointName: string;
  readonly protocol: string;
  readonly url: string;
  readonly isReady: boolean;
}

export interface Apps {
  readonly subgraph: Subgraph;
  endpointsOf(tx: Transaction, appInstanceId: string): Promise<AppEndpointView[]>;
  /** Publishes the built-in apps (JupyterLab, vLLM) as the platform; does only what is missing. Needs the registry and the policies. */
  seedCatalogue(): Promise<{ slugs: string[] }>;
}
