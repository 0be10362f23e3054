import { getOperationAST, type DocumentNode } from 'graphql';
import type { GatewayOperation } from '../engine/engine.js';

/** The sole operation of a document, as the gateway's guard hands it to an engine: all of it may be fetched. */
export function gatewayOperation(document: DocumentNode): GatewayOperation {
  const definition = getOperationAST(document);
  if (!definition) throw new Error('no operation');
  return { document, definition, fetched: { document, definition } };
}
