import { graphql, useSubscription } from 'react-relay';
import type { allocationFeedSubscription } from './__generated__/allocationFeedSubscription.graphql.js';

const SUBSCRIPTION = graphql`
  subscription allocationFeedSubscription($projectId: ID!, $after: Cursor) {
    allocationEvents(projectId: $projectId, after: $after) {
      cursor
      type
      occurredAt
      subject {
        ...allocationRow_allocation
      }
      gap {
        from
        to
      }
    }
  }
`;

/** Keeps what is on screen as it is now: the subject of each event is the entity itself. */
export function useAllocationFeed(projectId: string, after?: string): void {
  useSubscription<allocationFeedSubscription>({
    subscription: SUBSCRIPTION,
    variables: { projectId, after: after ?? null },
  });
}
