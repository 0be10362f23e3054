import { graphql, usePaginationFragment } from 'react-relay';
import type { allocationListPaginationQuery } from './__generated__/allocationListPaginationQuery.graphql.js';
import type { allocationList_project$key } from './__generated__/allocationList_project.graphql.js';

const FRAGMENT = graphql`
  fragment allocationList_project on Project
  @refetchable(queryName: "allocationListPaginationQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "Cursor" }) {
    allocations(first: $count, after: $cursor) @connection(key: "allocationList_allocations") {
      __id
      edges {
        cursor
        node {
          id
          ...allocationRow_allocation
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

/** A list that pages, and whose connection mutations append to. */
export function useAllocations(project: allocationList_project$key): {
  readonly ids: readonly string[];
  readonly connectionId: string | undefined;
  readonly more: () => void;
} {
  const { data, loadNext, hasNext } = usePaginationFragment<allocationListPaginationQuery, allocationList_project$key>(
    FRAGMENT,
    project,
  );
  return {
    ids: data.allocations?.edges.map(({ node }) => node.id) ?? [],
    connectionId: data.allocations?.__id,
    more: () => {
      if (hasNext) loadNext(20);
    },
  };
}
