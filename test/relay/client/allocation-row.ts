import { graphql, useRefetchableFragment } from 'react-relay';
import type { allocationRowRefetchQuery } from './__generated__/allocationRowRefetchQuery.graphql.js';
import type { allocationRow_allocation$key } from './__generated__/allocationRow_allocation.graphql.js';

/** One row, which is fetched again by `node(id)`; it follows the allocation into other domains. */
export function useAllocationRow(allocation: allocationRow_allocation$key): { state: string; refresh: () => void } {
  const [data, refetch] = useRefetchableFragment<allocationRowRefetchQuery, allocationRow_allocation$key>(
    graphql`
      fragment allocationRow_allocation on Allocation @refetchable(queryName: "allocationRowRefetchQuery") {
        id
        state
        stateReason
        gpuCount
        sku {
          name
        }
        spend {
          total {
            amount
            currency
          }
        }
      }
    `,
    allocation,
  );
  return { state: data.state, refresh: () => refetch({}) };
}
