import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse, refuseAll } from '../../../../kernel/errors/refusal.js';
import { versionMoved } from '../domain/apps-events.js';
import { type VersionEvent, versionLifecycle } from '../domain/version-lifecycle.js';
import { artifactFaults } from '../store/catalogue-store.js';
import { AppVersionEntity } from '../store/entities.js';

const reason = z.string().trim().max(500, 'must have at most 500 characters').default('');

/** Publishes a version one step further. Refuses NOT_TRUSTED for artifacts that are not verified, and INVALID_STATE. */
export const promoteVersion = defineCommand({
  action: 'apps.version.promote',
  input: z.object({ id: z.string(), event: z.enum(['stage', 'canary', 'activate']), reason, idempotencyKey }),
  scope: () => PLATFORM_SCOPE,
  run: (context, input) => moveVersion(context, input, { checksArtifacts: true }),
});

/** Ends new use of a version; what runs on it goes on. */
export const retireVersion = defineCommand({
  action: 'apps.version.retire',
  input: z.object({ id: z.string(), reason, idempotencyKey }),
  scope: () => PLATFORM_SCOPE,
  run: (context, input) => moveVersion(context, { ...input, event: 'retire' }, { checksArtifacts: false }),
});

async function moveVersion(
  context: CommandContext,
  move: { id: string; event: VersionEvent; reason: string },
  options: { checksArtifacts: boolean },
): Promise<Outcome<{ id: string }>> {
  const version = await context.tx.em.findOne(
    AppVersionEntity,
    { id: move.id },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  if (version === null) return refuse('NOT_FOUND', `There is no version ${move.id}.`, { field: ['input', 'id'] });
  const from = version.state;
  const to = versionLifecycle.next(from, move.event);
  if (to === null) {
    return refuse('INVALID_STATE', `A version that is ${from} cannot ${move.event}.`, {
      field: ['input', 'event'],
      details: { state: from, availableActions: versionLifecycle.available(from) },
    });
  }
  const faults = options.checksArtifacts ? await artifactFaults(context.tx, version.manifest) : [];
  if (faults.length > 0)
    return refuseAll(
      faults.map(({ message }) => ({
        code: 'NOT_TRUSTED' as const,
        message: `The artifact ${message}.`,
        field: ['input', 'id'],
      })),
    );
  const stateReason = move.reason === '' ? null : move.reason;
  Object.assign(version, { state: to, stateReason, stateChangedAt: context.now });
  context.describe({ type: 'AppVersion', id: version.id }, { from, to, number: version.number });
  context.emit(versionMoved, { subjectId: version.id, scope: PLATFORM_SCOPE, data: { from, to, reason: stateReason } });
  return accept({ id: version.id });
}
