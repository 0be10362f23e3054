import type { CatalogueRequest } from './catalogue-graph.js';

const BRANCHES = 15;

/** An operation that no gateway has seen before and that takes long to plan: many ways through all four subgraphs. */
export function largeOperation(number: number): CatalogueRequest {
  const branches = Array.from(
    { length: BRANCHES },
    (_, index) => `b${number}_${index}: product(id: "product-${index}") {
      name warehouse
      reviews { rating author { name reviews { body product { name inStock } } } }
    }`,
  );
  return { query: `query Large${number} { ${branches.join('\n')} }`, variables: {} };
}
