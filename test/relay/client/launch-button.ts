import { graphql, useMutation } from 'react-relay';
import type { launchButtonMutation } from './__generated__/launchButtonMutation.graphql.js';

/** A mutation whose entity joins the lists that are on screen. */
export function useLaunch(connectionId: string): (input: launchButtonMutation['variables']['input']) => void {
  const [commit] = useMutation<launchButtonMutation>(graphql`
    mutation launchButtonMutation($input: AllocationCreateInput!, $connections: [ID!]!) {
      allocationCreate(input: $input) {
        allocation @prependNode(connections: $connections, edgeTypeName: "AllocationEdge") {
          ...allocationRow_allocation
        }
        userErrors {
          code
          field
          message
        }
        receipt {
          auditId
        }
      }
    }
  `);
  return (input) => {
    commit({ variables: { input, connections: [connectionId] } });
  };
}
