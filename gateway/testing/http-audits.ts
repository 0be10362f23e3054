import { serverAudits } from 'graphql-http';

/** How many audits of GraphQL over HTTP there are (https://github.com/graphql/graphql-http#audits), and which an endpoint does not pass. */
export async function httpAudits(url: string): Promise<{ count: number; faults: readonly string[] }> {
  const audits = serverAudits({ url: () => url });
  const faults: string[] = [];
  for (const audit of audits) {
    const result = await audit.fn();
    if (result.status !== 'ok') faults.push(`${result.status} ${audit.id}: ${audit.name}: ${result.reason}`);
  }
  return { count: audits.length, faults };
}
