import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { loadConfiguration } from '../../kernel/configuration/configuration.js';
import { createLogger } from '../../kernel/telemetry/logger.js';
import { type TestDatabase, createTestDatabase } from '../../kernel/testing/database-cluster.js';
import { type Runtime, startRuntime } from '../../processes/runtime.js';
import { startFleet } from '../harness/agents.js';
import { freePort } from '../harness/platform.js';
import { buildPlatform } from './build-platform.js';
import { type IdentityServer, startIdentityServer } from './identity-server.js';
import { type Exit, PlatformProcess } from './platform-process.js';

export const SUBGRAPHS = ['registry', 'iam', 'evidence', 'billing', 'allocations', 'apps', 'token-factory'] as const;

/** The services of docker-compose.yml, each a process of its own, over HTTP on one database. */
export class Topology {
  readonly identity: IdentityServer;
  /** Where clients reach the platform. */
  readonly origin: string;
  readonly #build = buildPlatform();
  readonly #database: TestDatabase;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #processes = new Map<string, PlatformProcess>();
  readonly #origins = new Map<string, string>();
  readonly #stops: (() => Promise<unknown>)[] = [];

  private constructor(facts: { identity: IdentityServer; origin: string; database: TestDatabase }) {
    this.identity = facts.identity;
    this.origin = facts.origin;
    this.#database = facts.database;
    // What docker-compose.yml gives every component, as far as a test has it.
    this.#environment = {
      CP_ENVIRONMENT: 'test',
      CP_HOST: '127.0.0.1',
      CP_PUBLIC_URL: facts.origin,
      CP_MASTER_KEY: randomBytes(32).toString('base64url'),
      DATABASE_URL: facts.database.superuserUrl,
      OIDC_ISSUER: facts.identity.issuer,
      OIDC_AUDIENCE: `${facts.origin}/graphql`,
      CP_OPERATORS: 'olivia',
      CP_LOG_LEVEL: 'warn',
      CP_USAGE_WINDOW_SECONDS: '1',
      DATABASE_POOL_SIZE: '4',
    };
  }

  /** An empty database and all nine components: what they depend on starts before them, as in docker-compose.yml. */
  static async start(): Promise<Topology> {
    const origin = `http://127.0.0.1:${await freePort()}`;
    const [database, identity] = await Promise.all([createTestDatabase(), startIdentityServer(`${origin}/graphql`)]);
    const topology = new Topology({ identity, origin, database });
    try {
      await Promise.all([...SUBGRAPHS, 'worker'].map((name) => topology.run(name)));
      await topology.runGateway('gateway', Number(new URL(origin).port));
      return topology;
    } catch (error) {
      await topology.stop();
      throw error;
    }
  }

  /** Starts a component, or starts it again where it was. */
  async run(component: string): Promise<void> {
    const before = this.#origins.get(component);
    await this.#run(component, component, { CP_PORT: before === undefined ? '0' : new URL(before).port });
  }

  async runGateway(name: string, port = 0): Promise<string> {
    const urls = SUBGRAPHS.map((subgraph) => `${subgraph}=${this.originOf(subgraph)}/graphql`);
    return this.#run(name, 'gateway', { CP_PORT: String(port), CP_SUBGRAPH_URLS: urls.join(',') });
  }

  async #run(name: string, component: string, environment: Record<string, string>): Promise<string> {
    const script = path.join(this.#build, 'processes', 'serve.js');
    const started = new PlatformProcess(script, [component], { ...this.#environment, ...environment });
    this.#processes.set(name, started);
    const [, origin = ''] = await started.prints(/^ready \S+ (\S+)$/m);
    this.#origins.set(name, origin);
    const ready = await fetch(`${origin}/readyz`);
    if (!ready.ok) throw new Error(`${name} printed that it is ready, and says: ${await ready.text()}`);
    return origin;
  }

  originOf(name: string): string {
    const origin = this.#origins.get(name);
    if (origin === undefined) throw new Error(`${name} has not started`);
    return origin;
  }

  outputOf(name: string): string {
    return this.#processes.get(name)?.output ?? '';
  }

  async end(name: string, signal: NodeJS.Signals): Promise<Exit> {
    const running = this.#processes.get(name);
    if (running === undefined) throw new Error(`${name} has not started`);
    return running.end(signal);
  }

  /** Reference data, and agents that reach the platform through the gateway. */
  async startFleet(): Promise<Runtime> {
    const runtime = await startRuntime(loadConfiguration(this.#environment), createLogger({ level: 'silent' }));
    this.#stops.push(() => runtime.stop());
    const fleet = await startFleet({ runtime, origin: this.origin });
    this.#stops.push(() => fleet.stop());
    return runtime;
  }

  /** Ends what still runs as an orchestrator does; answers how each process ended. */
  async stop(): Promise<Map<string, Exit>> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
    const processes = [...this.#processes];
    this.#processes.clear();
    const ended = processes.map(async ([name, running]) => [name, await running.end()] as const);
    const exits = new Map(await Promise.all(ended));
    await this.identity.close();
    await this.#database.drop();
    return exits;
  }
}
