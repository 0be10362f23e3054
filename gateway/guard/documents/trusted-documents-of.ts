import type { GatewayOptions } from '../../gateway-options.js';
import { introspectionDocuments } from './introspection-documents.js';
import type { TrustedDocument } from './trusted-documents.js';

type Sources = Pick<GatewayOptions<never>, 'documents' | 'graphiql'>;

/** What a gateway is given to trust, and the tabs of its GraphiQL: worth to be prepared before they are asked for. */
export function preparedDocumentsOf({ documents, graphiql }: Sources): readonly TrustedDocument[] {
  const tabs = graphiql?.tabs ?? [];
  return [...(documents?.trusted ?? []), ...tabs.map(({ query }) => ({ text: query }))];
}

/** All that a gateway trusts: with GraphiQL also what that asks to know the graph. */
export function trustedDocumentsOf(sources: Sources): readonly TrustedDocument[] {
  const introspection = sources.graphiql ? introspectionDocuments() : [];
  return [...preparedDocumentsOf(sources), ...introspection.map((text) => ({ text }))];
}
