import type { z } from 'zod';
import { systemActor } from '../../../../kernel/access/actor.js';
import type { Command, Json } from '../../../../kernel/commands/command.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { AllocationServices } from '../services.js';

const AT_ONCE = 4;
const BACKOFF_MILLISECONDS_MAX = 60_000;

/**
 * Runs a command for each of many things that are due, a few at a time. One that fails is logged and left alone for a
 * while, longer each time, so that it cannot keep the others waiting.
 */
export class DueWork {
  readonly #services: AllocationServices;
  readonly #component: string;
  readonly #failures = new Map<string, { count: number; until: number }>();

  constructor(services: AllocationServices, component: string) {
    this.#services = services;
    this.#component = component;
  }

  /** Those that may be tried now. */
  ready(ids: readonly string[]): string[] {
    return ids.filter((id) => (this.#failures.get(id)?.until ?? 0) <= Date.now());
  }

  /** Answers how many succeeded. */
  async run<Input extends z.ZodType, Result extends Json>(
    command: Command<Input, Result>,
    inputs: readonly (z.input<Input> & { readonly id: string })[],
    signal: AbortSignal,
  ): Promise<number> {
    let succeeded = 0;
    const queue = [...inputs];
    const worker = async (): Promise<void> => {
      for (let input = queue.shift(); input !== undefined && !signal.aborted; input = queue.shift()) {
        if (await this.#one(command, input)) succeeded += 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return succeeded;
  }

  async #one<Input extends z.ZodType, Result extends Json>(
    command: Command<Input, Result>,
    input: z.input<Input> & { readonly id: string },
  ): Promise<boolean> {
    const { pipeline, logger } = this.#services;
    try {
      const actor = systemActor(this.#component);
      const result = await pipeline.execute(command, input, { actor, correlationId: newId('cor') });
      if (!result.ok) throw new Error(`${command.action} was refused: ${result.refusals[0]?.code ?? ''}`);
      this.#failures.delete(input.id);
      return true;
    } catch (error) {
      const count = (this.#failures.get(input.id)?.count ?? 0) + 1;
      const pause = Math.min(500 * 2 ** Math.min(count, 10), BACKOFF_MILLISECONDS_MAX);
      this.#failures.set(input.id, { count, until: Date.now() + pause });
      logger.error(
        { err: error, id: input.id, action: command.action, count },
        'due work failed and will be tried again',
      );
      return false;
    }
  }
}
