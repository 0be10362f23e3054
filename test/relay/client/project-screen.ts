import { graphql, useLazyLoadQuery } from 'react-relay';
import type { projectScreenQuery } from './__generated__/projectScreenQuery.graphql.js';

/** A screen of one object, found by its identifier alone, as links of a console do. */
export function useProject(id: string): projectScreenQuery['response']['node'] {
  const { node } = useLazyLoadQuery<projectScreenQuery>(
    graphql`
      query projectScreenQuery($id: ID!) {
        node(id: $id) {
          __typename
          id
          ... on Project {
            name
            state
            organization {
              name
            }
            ...allocationList_project @alias(as: "list")
          }
        }
      }
    `,
    { id },
  );
  return node;
}
