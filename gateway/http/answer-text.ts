import type { ExecutionResult } from 'graphql';

/** Texts of data that goes to several clients. */
const shared = new WeakMap<object, string>();

/** The result as JSON. What is shared is written once; errors and extensions are each client's own. */
export function answerText(result: ExecutionResult, isShared: boolean): string {
  if (!isShared || !result.data) return JSON.stringify(result);
  const { data, ...rest } = result;
  let text = shared.get(data);
  if (text === undefined) shared.set(data, (text = JSON.stringify(data)));
  const others = JSON.stringify(rest);
  return others === '{}' ? `{"data":${text}}` : `${others.slice(0, -1)},"data":${text}}`;
}
