import type { z } from 'zod';
import type { Scope } from '../access/authority.js';
import type { Transaction } from '../database/transaction.js';
import { emitEvent } from '../events/event-type.js';
import type { Command, CommandContext, Json } from './command.js';
import type { Draft, Invocation } from './command-records.js';
import type { IdempotencyEntry } from './idempotency.js';

/** An invocation whose input was parsed and whose scope was found: what is left is to decide it. */
export interface CommandCall<Input extends z.ZodType = z.ZodType, Result extends Json = Json> {
  readonly command: Command<Input, Result>;
  readonly input: z.output<Input>;
  readonly invocation: Invocation;
  readonly scope: Scope;
  /** Null when the caller gave no idempotency key. */
  readonly entry: IdempotencyEntry | null;
}

/** What `run` is given. Events go to `outbox`, the target and facts of the audit record to `draft`. */
export function contextOf(
  call: Pick<CommandCall, 'invocation' | 'scope'>,
  given: { tx: Transaction; outbox: Pick<Transaction, 'send'>; draft: Draft; now: Date },
): CommandContext {
  const { tx, outbox, draft, now } = given;
  const { actor, correlationId } = call.invocation;
  return {
    tx,
    actor,
    scope: call.scope,
    correlationId,
    now,
    emit: (type, event) => void emitEvent(outbox, type, event, { correlationId, actorId: actor.id, now }),
    describe: (target, metadata = {}) => {
      draft.target = target;
      draft.metadata = { ...draft.metadata, ...metadata };
    },
  };
}
