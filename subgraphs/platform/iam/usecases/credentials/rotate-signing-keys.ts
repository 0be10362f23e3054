import { exportJWK, generateKeyPair } from 'jose';
import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../../kernel/access/authority.js';
import { type Command, type CommandContext, defineCommand } from '../../../../../kernel/commands/command.js';
import { accept } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import type { Secrets } from '../../contract.js';
import { signingKeyMoved } from '../../domain/credentials/credential-events.js';
import {
  type RotationStep,
  type RotationTimes,
  type SigningKeyEvent,
  nextRotationStep,
  signingKeyLifecycle,
} from '../../domain/credentials/signing-key-rotation.js';
import { SigningKeyEntity, type SigningKeyRow } from '../../store/credentials/signing-key-entity.js';
import { SIGNING_ALGORITHM } from '../../store/credentials/signing-key-ring.js';

const input = z.object({});
const STEPS_MAXIMUM = 8;

/** Does every step of the rotation that is due. Idempotent: when nothing is due, nothing changes. */
export function createRotateSigningKeys(dependencies: {
  secrets: Secrets;
  times: RotationTimes;
}): Command<typeof input, { steps: number }> {
  return defineCommand({
    action: 'iam.signing_key.rotate',
    input,
    scope: () => PLATFORM_SCOPE,
    async run(context) {
      // One process at a time; the others then find nothing to do.
      await context.tx.execute(`select pg_advisory_xact_lock(hashtextextended('iam.signing_key.rotate', 0))`);
      for (let steps = 0; steps < STEPS_MAXIMUM; steps += 1) {
        const keys = await context.tx.em.find(SigningKeyEntity, { state: { $ne: 'retired' } });
        const step = nextRotationStep(keys, context.now, dependencies.times);
        if (step === null) return accept({ steps });
        await applyStep(context, step, dependencies);
        await context.tx.em.flush();
      }
      return accept({ steps: STEPS_MAXIMUM });
    },
  });
}

async function applyStep(
  context: CommandContext,
  step: RotationStep,
  dependencies: { secrets: Secrets; times: RotationTimes },
): Promise<void> {
  const { secrets, times } = dependencies;
  if (step.step === 'create') return createKey(context, step.state, secrets);
  if (step.step === 'retire') {
    const key = await move(context, step.id, 'retire');
    return secrets.destroy(context.tx, key.secretId);
  }
  // The old key first: at no moment do two keys sign, and the unique index would not have it.
  if (step.supersedes !== null) {
    const old = await move(context, step.supersedes, 'supersede');
    old.stateDeadlineAt = new Date(context.now.getTime() + times.graceSeconds * 1000);
    await context.tx.em.flush();
  }
  await move(context, step.id, 'activate');
}

async function createKey(context: CommandContext, state: 'staged' | 'active', secrets: Secrets): Promise<void> {
  const { tx, now } = context;
  const pair = await generateKeyPair(SIGNING_ALGORITHM, { crv: 'Ed25519', extractable: true });
  const plaintext = JSON.stringify(await exportJWK(pair.privateKey));
  const { secretId } = await secrets.seal(tx, { organizationId: null, purpose: 'iam.signing_key', plaintext });
  const id = newId('sgk');
  tx.em.create(SigningKeyEntity, {
    id,
    algorithm: SIGNING_ALGORITHM,
    publicJwk: await exportJWK(pair.publicKey),
    secretId,
    state,
    stateReason: null,
    stateChangedAt: now,
    stateDeadlineAt: null,
    publishedAt: now,
    effectiveAt: state === 'active' ? now : null,
    retiredAt: null,
  });
  tell(context, { id, from: null, to: state });
}

/** The only way to change the state of a key. */
async function move(context: CommandContext, id: string, event: SigningKeyEvent): Promise<SigningKeyRow> {
  const key = await context.tx.em.findOneOrFail(SigningKeyEntity, { id });
  const from = key.state;
  const to = signingKeyLifecycle.next(from, event);
  if (to === null) throw new Error(`a signing key that is ${from} cannot ${event}`);
  Object.assign(key, {
    state: to,
    stateChangedAt: context.now,
    stateDeadlineAt: null,
    ...(to === 'active' && { effectiveAt: context.now }),
    ...(to === 'retired' && { retiredAt: context.now }),
  });
  tell(context, { id, from, to });
  return key;
}

function tell(context: CommandContext, change: { id: string; from: string | null; to: string }): void {
  const { id, from, to } = change;
  context.describe({ type: 'SigningKey', id }, { from, to });
  context.emit(signingKeyMoved, { subjectId: id, scope: PLATFORM_SCOPE, data: { from, to } });
}
