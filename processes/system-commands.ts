import { type Actor, systemActor } from '../kernel/access/actor.js';
import type { CommandResult, Json } from '../kernel/commands/command.js';
import { newId } from '../kernel/identifiers/type-id.js';
import type { Runtime } from './runtime.js';

export type Accepted = Extract<CommandResult<Json>, { ok: true }>;

/**
 * Runs a command of any domain by its action, as the platform itself unless told: start-up work goes the way of every
 * change, with its events and audit records. Throws, naming the reasons, when it is refused.
 */
export async function runCommand(runtime: Runtime, action: string, input: unknown, actor?: Actor): Promise<Accepted> {
  const result = await tryCommand(runtime, action, input, actor);
  if (result.ok) return result;
  throw new Error(
    `${action} was refused: ${result.refusals.map((refusal) => `${refusal.code}: ${refusal.message}`).join('; ')}`,
  );
}

/** As {@link runCommand}, answering refusals. */
export async function tryCommand(
  runtime: Runtime,
  action: string,
  input: unknown,
  actor = systemActor('start-up'),
): Promise<CommandResult<Json>> {
  const all = [...runtime.domains.subgraphs.values()].flatMap((subgraph) => [...subgraph.commands]);
  const command = all.find((candidate) => candidate.action === action);
  if (command === undefined) throw new Error(`no domain has the command ${action}`);
  return runtime.kernel.pipeline.execute(command, input, { actor, correlationId: newId('cor') });
}

/** The identifier that a command answered. */
export function idOf(result: Accepted, name = 'id'): string {
  const id = (result.value as Readonly<Record<string, Json>>)[name];
  if (typeof id !== 'string') throw new Error(`the command answered no "${name}"`);
  return id;
}
