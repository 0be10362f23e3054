import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Refused, accept, refuse, refuseAll } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { bundleLifecycle } from '../domain/bundle-lifecycle.js';
import { bundleCreated, bundleSuperseded } from '../domain/evidence-events.js';
import { BUNDLE_KINDS } from '../domain/evidence-vocabulary.js';
import { secretFaults } from '../domain/item-rules.js';
import { BundleEntity } from '../store/bundle-entity.js';
import { lockBundle } from '../store/lock-bundle.js';

const input = z.object({
  kind: z.enum(BUNDLE_KINDS),
  title: z.string().trim().min(3, 'must have at least 3 characters').max(200, 'must have at most 200 characters'),
  sourceSha: z
    .string()
    .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'must be a full commit hash: 40 or 64 hexadecimal digits'),
  environmentProfile: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be a lower-case name such as `prod` or `kind`'),
  owner: z.string().trim().min(1, 'must not be empty').max(200, 'must have at most 200 characters'),
  supersedesId: z.string().max(64).nullish(),
  idempotencyKey,
});

/** Opens a bundle: the evidence for one source in one environment. It may take the place of an older one of its kind. */
export const createBundle = defineCommand({
  action: 'evidence.bundle.create',
  input,
  scope: () => PLATFORM_SCOPE,
  async run(context, { idempotencyKey: _key, supersedesId, ...facts }) {
    const faults = secretFaults(facts);
    if (faults.length > 0) return refuseAll(faults);
    const id = newId('evb');
    const { now } = context;
    context.tx.em.create(BundleEntity, {
      id,
      ...facts,
      state: 'open',
      stateReason: null,
      stateChangedAt: now,
      supersededById: null,
      sealDigest: null,
      sealedAt: null,
      createdBy: context.actor.id,
      correlationId: context.correlationId,
      createdAt: now,
    });
    await context.tx.em.flush();
    const refused =
      supersedesId == null ? null : await supersede(context, { oldId: supersedesId, newId: id, kind: facts.kind });
    if (refused !== null) return refused;
    context.describe(
      { type: 'EvidenceBundle', id },
      { kind: facts.kind, sourceSha: facts.sourceSha, environmentProfile: facts.environmentProfile },
    );
    const { kind, sourceSha, environmentProfile } = facts;
    context.emit(bundleCreated, {
      subjectId: id,
      scope: PLATFORM_SCOPE,
      data: { kind, sourceSha, environmentProfile },
    });
    return accept({ id });
  },
});

async function supersede(
  context: CommandContext,
  change: { oldId: string; newId: string; kind: string },
): Promise<Refused | null> {
  const field = ['input', 'supersedesId'];
  const old = await lockBundle(context.tx, change.oldId);
  if (old === null) return refuse('NOT_FOUND', `There is no evidence bundle ${change.oldId}.`, { field });
  if (old.kind !== change.kind)
    return refuse('INVALID_INPUT', `A bundle of kind ${old.kind} is superseded by one of its kind only.`, { field });
  const to = bundleLifecycle.next(old.state, 'supersede');
  if (to === null) {
    return refuse('INVALID_STATE', `The bundle ${change.oldId} is ${old.state}.`, {
      field,
      details: { state: old.state, supersededById: old.supersededById },
    });
  }
  Object.assign(old, {
    state: to,
    stateReason: 'A newer bundle took its place.',
    stateChangedAt: context.now,
    supersededById: change.newId,
  });
  context.emit(bundleSuperseded, {
    subjectId: change.oldId,
    scope: PLATFORM_SCOPE,
    data: { supersededById: change.newId },
  });
  return null;
}
