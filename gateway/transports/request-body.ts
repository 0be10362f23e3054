import type { SubgraphCall, SubgraphOperation } from './subgraph-transport.js';

/** The request's text around its variables is made once; representations come as text and are only joined. */
export function bodyWriter({ text, operationName }: SubgraphOperation): (call: SubgraphCall) => string {
  const named = operationName === undefined ? '' : `,"operationName":${JSON.stringify(operationName)}`;
  const head = `{"query":${JSON.stringify(text)}${named},"variables":{`;
  return ({ variables, representations }) => {
    const own = JSON.stringify(variables).slice(1, -1);
    if (representations === undefined) return `${head}${own}}}`;
    let body = `${head}${own}`;
    let separator = own === '' ? '' : ',';
    for (const name of Object.keys(representations)) {
      body += `${separator}"${name}":[${(representations[name] as readonly string[]).join(',')}]`;
      separator = ',';
    }
    return `${body}}}`;
  };
}
