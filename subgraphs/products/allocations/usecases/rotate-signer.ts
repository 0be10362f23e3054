import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { AllocationServices } from '../services.js';
import { newSigner } from '../signing/task-signer.js';

/**
 * Rotates the key that signs tasks, in three steps with time for the agents in between: `stage` publishes a new key,
 * `activate` signs with it and keeps the old one in grace, `retire` ends the grace. `ensure` makes the first one.
 */
export function createRotateSigner(services: AllocationServices) {
  return defineCommand({
    action: 'allocations.signer.rotate',
    input: z.object({ step: z.enum(['ensure', 'stage', 'activate', 'retire']), idempotencyKey }),
    scope: () => PLATFORM_SCOPE,
    async run(context, input) {
      await context.tx.rows('select pg_advisory_xact_lock(hashtextextended($1, 0))', ['allocations.task_signers']);
      const outcome = await rotate(context, services, input.step);
      if (outcome.ok) {
        context.describe({ type: 'NodeTaskSigner', id: outcome.value.keyId }, { step: input.step });
        context.tx.afterCommit(() => void services.signer.load().catch(() => {}));
      }
      return outcome;
    },
  });
}

async function rotate(
  context: CommandContext,
  services: AllocationServices,
  step: 'ensure' | 'stage' | 'activate' | 'retire',
): Promise<Outcome<{ keyId: string }>> {
  const rows = await context.tx.rows<{ key_id: string; status: string }>(
    `select key_id, status from allocations.task_signers where status <> 'retired'`,
  );
  const idOf = (status: string): string | null => rows.find((row) => row.status === status)?.key_id ?? null;
  const [active, staged] = [idOf('active'), idOf('staged')];
  if (step === 'ensure') return accept({ keyId: active ?? (await insertSigner(context, services, 'active')) });
  if (step === 'stage') {
    if (staged !== null) return refuse('INVALID_STATE', `Signer ${staged} is staged already; activate it.`);
    return accept({ keyId: await insertSigner(context, services, 'staged') });
  }
  if (step === 'activate') {
    if (staged === null) return refuse('INVALID_STATE', 'No signer is staged.');
    await setStatus(context, 'active', 'grace');
    await setStatus(context, 'staged', 'active');
    return accept({ keyId: staged });
  }
  const grace = idOf('grace');
  if (grace === null) return refuse('INVALID_STATE', 'No signer is in grace.');
  await setStatus(context, 'grace', 'retired');
  return accept({ keyId: grace });
}

async function insertSigner(
  context: CommandContext,
  services: AllocationServices,
  status: 'active' | 'staged',
): Promise<string> {
  const keyId = newId('nts');
  const { publicKey, secretId } = await newSigner(context.tx, services.iam.secrets, keyId);
  await context.tx.execute(
    `insert into allocations.task_signers (key_id, status, public_key, secret_id, created_at, status_changed_at)
     values ($1, $2, $3, $4, $5, $5)`,
    [keyId, status, JSON.stringify(publicKey), secretId, context.now],
  );
  return keyId;
}

async function setStatus(context: CommandContext, from: string, to: string): Promise<void> {
  await context.tx.execute(
    'update allocations.task_signers set status = $2, status_changed_at = $3 where status = $1',
    [from, to, context.now],
  );
}
