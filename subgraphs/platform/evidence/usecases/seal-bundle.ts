import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { canonicalHash } from '../../../../kernel/commands/canonical-hash.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { bundleLifecycle } from '../domain/bundle-lifecycle.js';
import { bundleSealed } from '../domain/evidence-events.js';
import { ItemEntity } from '../store/item-entity.js';
import { lockBundle } from '../store/lock-bundle.js';

/**
 * Seals a bundle: nothing can be added any more. The seal is the SHA-256 over the canonical JSON (RFC 8785) of what the
 * bundle is about and of the digests of all its items, so that anybody who has them can recompute it.
 */
export const sealBundle = defineCommand({
  action: 'evidence.bundle.seal',
  input: z.object({ id: z.string().max(64), idempotencyKey }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const bundle = await lockBundle(context.tx, input.id);
    if (bundle === null)
      return refuse('NOT_FOUND', `There is no evidence bundle ${input.id}.`, { field: ['input', 'id'] });
    const to = bundleLifecycle.next(bundle.state, 'seal');
    if (to === null) {
      return refuse('INVALID_STATE', `A bundle that is ${bundle.state} cannot be sealed.`, {
        field: ['input', 'id'],
        details: { state: bundle.state, availableActions: bundleLifecycle.available(bundle.state) },
      });
    }
    const items = await context.tx.em.find(ItemEntity, { bundleId: input.id }, { orderBy: { id: 'asc' } });
    if (items.length === 0)
      return refuse('INVALID_STATE', 'A bundle without items proves nothing; add one first.', {
        field: ['input', 'id'],
      });
    const { kind, sourceSha, environmentProfile, owner } = bundle;
    const digests = items.map((item) => ({
      id: item.id,
      contentDigest: item.contentDigest,
      supersedesId: item.supersedesId,
    }));
    const sealDigest = `sha256:${canonicalHash({ id: bundle.id, kind, sourceSha, environmentProfile, owner, items: digests })}`;
    Object.assign(bundle, {
      state: to,
      stateReason: null,
      stateChangedAt: context.now,
      sealedAt: context.now,
      sealDigest,
    });
    context.describe({ type: 'EvidenceBundle', id: input.id }, { sealDigest, items: items.length });
    context.emit(bundleSealed, {
      subjectId: input.id,
      scope: PLATFORM_SCOPE,
      data: { sealDigest, items: items.length },
    });
    return accept({ id: input.id });
  },
});
