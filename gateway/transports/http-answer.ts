import type { Readable } from 'node:stream';
import type { SubgraphError, SubgraphResult } from './subgraph-transport.js';

interface HttpAnswer {
  readonly statusCode: number;
  readonly body: Readable;
}

/** Reads a bounded body as JSON. The messages complete the sentence "The subgraph …". */
export async function readJson({ statusCode, body }: HttpAnswer, bytesMax: number): Promise<unknown> {
  const text = await readText(body, bytesMax);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`answered no JSON (status ${statusCode})`);
  }
}

async function readText(body: Readable, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new Error('broke off its answer', { cause: error });
  }
  if (bytes > bytesMax) throw new Error(`answered more than ${bytesMax} bytes`);
  return Buffer.concat(chunks).toString('utf8');
}

/** Takes what is a GraphQL response, whatever its status; throws at anything else. */
export function toSubgraphResult(answer: unknown): SubgraphResult {
  if (typeof answer !== 'object' || answer === null) throw new Error('answered no GraphQL');
  const data = 'data' in answer ? answer.data : undefined;
  const errors = 'errors' in answer ? answer.errors : undefined;
  if (errors !== undefined && !(Array.isArray(errors) && errors.every(isError))) throw new Error('answered no GraphQL');
  if (data === undefined && errors === undefined) throw new Error('answered no GraphQL');
  return errors === undefined ? { data } : { data, errors };
}

function isError(error: unknown): error is SubgraphError {
  if (typeof error !== 'object' || error === null || !('message' in error)) return false;
  const path = 'path' in error ? error.path : undefined;
  return typeof error.message === 'string' && (path === undefined || path === null || Array.isArray(path));
}
