import './node-version.js';
import { ConfigurationError, loadConfiguration } from '../kernel/configuration/configuration.js';
import { createLogger } from '../kernel/telemetry/logger.js';
import { DevelopmentState } from './development/development-state.js';
import { developmentConfiguration } from './development/development-configuration.js';
import { mountIdentityProvider } from './development/development-identity.js';
import { startAgents } from './development/agents.js';
import { seedDemonstration } from './development/demonstration.js';
import { graphiqlCredentials } from './development/graphiql-credentials.js';
import { OPERATOR } from './development/people.js';
import { printWelcome } from './development/welcome.js';
import { createGatewayServer } from './gateway-server.js';
import { graphiqlTabs } from './graphiql-tabs.js';
import { startRuntime } from './runtime.js';
import { onTermination } from './termination.js';

/** Everything in one process: database, subgraphs, gateway, worker, identity provider, demonstration and fleet. */
async function start(): Promise<void> {
  // Short windows, so that a newcomer sees money move; production's default is a minute.
  const environment = {
    CP_LOG_LEVEL: 'warn',
    CP_USAGE_WINDOW_SECONDS: '5',
    CP_OPERATORS: OPERATOR.subject,
    ...process.env,
  };
  const base = loadConfiguration(environment);
  if (base.environment === 'production') {
    throw new ConfigurationError([
      'CP_ENVIRONMENT: `npm start` is for development; run `npm run serve -- <component>…` in production',
    ]);
  }
  const state = await DevelopmentState.open(base);
  const configuration = developmentConfiguration(base);
  const logger = createLogger({ level: configuration.logLevel });
  const runtime = await startRuntime(configuration, logger);
  const stops: (() => Promise<void>)[] = [() => runtime.stop()];
  const stop = async (): Promise<void> => {
    for (const action of stops.splice(0).reverse()) await action();
  };
  onTermination(stop, logger);
  runtime.database.onExit((exit) => {
    if (exit.isExpected) return;
    logger.fatal({ exit }, 'PostgreSQL ended under us');
    process.stderr.write(
      `PostgreSQL ended by itself (${exit.signal ?? exit.code}). Nothing that was committed is lost; start again.\n`,
    );
    process.exit(1);
  });
  try {
    await runtime.startWorker();
    const demonstration = await seedDemonstration(runtime, state);
    const gateway = await createGatewayServer(runtime, {
      developmentCredentials: graphiqlCredentials(configuration),
      tabs: graphiqlTabs({ projectId: demonstration.projectIds[0] }),
    });
    await mountIdentityProvider(gateway.server, configuration, state.identitySigningKeys, logger);
    stops.push(() => gateway.close());
    await gateway.server.listen({ host: configuration.host, port: configuration.port });
    printWelcome(runtime, demonstration, Math.round(process.uptime() * 1000));
    // From outside, as machines do: they find a platform that is ready, and join it a moment later.
    stops.push(await startAgents(runtime, demonstration));
  } catch (error) {
    await stop();
    throw error;
  }
}

start().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});

function explain(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  const { code, port, message, stack } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE')
    return `Port ${port ?? ''} is in use. Set CP_PORT to a free one, such as CP_PORT=4100 npm start.`;
  return message.includes('already in use') ? message : (stack ?? message);
}
