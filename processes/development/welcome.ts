import type { Runtime } from '../runtime.js';
import { DEMONSTRATION_MODEL, type Demonstration } from './demonstration.js';

/** What a newcomer sees: where everything is, and what to try first. */
export function printWelcome(runtime: Runtime, demonstration: Demonstration, startMilliseconds: number): void {
  const { publicUrl } = runtime.configuration;
  const memory = Math.round(process.memoryUsage().rss / 1_000_000);
  const lines = [
    '',
    `  GPU control plane: ready in ${(startMilliseconds / 1000).toFixed(1)} s (${memory} MB)`,
    '',
    `  GraphiQL       ${publicUrl}/graphql   sign in as operator, owner or member in the bar on top`,
    `  OpenAI API     ${publicUrl}/v1        model ${DEMONSTRATION_MODEL}, key ${demonstration.apiKey}`,
    `  Sign-in        ${publicUrl}/oidc      tokens: npm run --silent token -- operator|owner|member`,
    `  Service acct.  ${publicUrl}/oauth/token   id ${demonstration.serviceAccount.clientId}`,
    `  Organization   ${demonstration.organizationId}   projects ${demonstration.projectIds.join(' ')}`,
    `  PostgreSQL     ${runtime.database.description}`,
    '',
    '  npm run demo tells the whole story against it. Ctrl-C stops everything; a second start keeps all data.',
    '',
  ];
  process.stdout.write(lines.join('\n'));
}
