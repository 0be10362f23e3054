import { AnswerFault } from './answer-fault.js';
import type { HttpAnswer } from './http-exchange.js';
import type { SubgraphError, SubgraphResult } from './subgraph-transport.js';

/** Reads an answer as GraphQL; throws an {@link AnswerFault} at anything else. */
export function parseAnswer({ status, text }: HttpAnswer): SubgraphResult {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new AnswerFault('bad', `answered no JSON (status ${status})`);
  }
  return toSubgraphResult(answer);
}

/** Takes what is a GraphQL response, whatever its status; throws an {@link AnswerFault} at anything else. */
export function toSubgraphResult(answer: unknown): SubgraphResult {
  if (typeof answer !== 'object' || answer === null) throw noGraphql();
  const data = 'data' in answer ? answer.data : undefined;
  const errors = 'errors' in answer ? answer.errors : undefined;
  if (errors !== undefined && !(Array.isArray(errors) && errors.every(isError))) throw noGraphql();
  if (data === undefined && errors === undefined) throw noGraphql();
  return errors === undefined ? { data } : { data, errors };
}

function noGraphql(): AnswerFault {
  return new AnswerFault('bad', 'answered no GraphQL');
}

function isError(error: unknown): error is SubgraphError {
  if (typeof error !== 'object' || error === null || !('message' in error)) return false;
  const path = 'path' in error ? error.path : undefined;
  return typeof error.message === 'string' && (path === undefined || path === null || Array.isArray(path));
}
