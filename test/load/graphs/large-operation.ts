import type { CatalogueRequest } from './catalogue-graph.js';

const BRANCHES = 15;

/**
 * An operation that no gateway has seen before and that takes long to plan: many ways through three subgraphs. The
 * fourth, `users`, is left alone: whoever asks it does not wait for a subgraph that reads this operation.
 */
export function largeOperation(number: number): CatalogueRequest {
  const branches = Array.from(
    { length: BRANCHES },
    (_, index) => `b${number}_${index}: product(id: "product-${index}") {
      name warehouse
      reviews { rating author { reviews { body product { name inStock price } } } }
    }`,
  );
  return { query: `query Large${number} { ${branches.join('\n')} }`, variables: {} };
}
