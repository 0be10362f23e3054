import { type Actor, systemActor } from '../../../kernel/access/actor.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import type { Domains } from '../../../subgraphs/composition.js';
import { type BenchDatabase, openBenchDatabase } from './bench-database.js';
import { type BenchmarkEnvironment, NotAvailable } from './benchmark.js';

/** All seven domains over one durable database, started, with their packets registered; no background work runs. */
export interface BenchPlatform extends BenchDatabase {
  readonly domains: Domains;
  /**
   * Runs a command of any domain, as the system unless an actor is named, and answers the identifiers that it answers;
   * throws when it is refused.
   */
  readonly command: (
    action: string,
    input: Record<string, unknown>,
    actor?: Actor,
  ) => Promise<Readonly<Record<string, string>>>;
}

export async function openBenchPlatform(environment: BenchmarkEnvironment, clients: number): Promise<BenchPlatform> {
  const { DOMAINS, composeDomains } = await import('../../../subgraphs/composition.js').catch((error: unknown) => {
    throw new NotAvailable(`the domains cannot be composed: ${String(error)}`);
  });
  const { readPackets } = await import('../../../subgraphs/packets.js');
  const database = await openBenchDatabase(environment, { domains: DOMAINS, clients });
  try {
    const domains = composeDomains(database.kernel);
    for (const packet of await readPackets()) {
      const outcome = await domains.registry.registerPacket(packet);
      if (!outcome.ok) throw new Error(`the packet of ${packet.productId} was refused`);
    }
    for (const subgraph of domains.subgraphs.values()) await subgraph.start?.();
    return {
      ...database,
      domains,
      command: (action, input, actor) => runCommand(database, domains, { action, input, actor }),
      async close() {
        for (const subgraph of [...domains.subgraphs.values()].reverse()) await subgraph.stop?.();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function runCommand(
  { kernel }: BenchDatabase,
  domains: Domains,
  {
    action,
    input,
    actor = systemActor('bench'),
  }: { action: string; input: Record<string, unknown>; actor?: Actor | undefined },
): Promise<Readonly<Record<string, string>>> {
  const command = [...domains.subgraphs.values()]
    .flatMap((subgraph) => subgraph.commands)
    .find((candidate) => candidate.action === action);
  if (command === undefined) throw new Error(`there is no command ${action}`);
  const result = await kernel.pipeline.execute(command, input, { actor, correlationId: newId('cor') });
  if (!result.ok) throw new Error(`${action} was refused: ${JSON.stringify(result.refusals)}`);
  return result.value as Readonly<Record<string, string>>;
}
