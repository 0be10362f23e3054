import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { type Command, type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { artifactMoved } from '../domain/apps-events.js';
import {
  type ArtifactEvent,
  CHANNELS,
  type Channel,
  artifactLifecycle,
  canClimb,
} from '../domain/artifact-lifecycle.js';
import { ArtifactEntity } from '../store/entities.js';

const endInput = z.object({ id: z.string(), reason: z.string().trim().max(500).default(''), idempotencyKey });

/** Promotes a verified artifact to a channel; it only climbs. Refuses NOT_TRUSTED, INVALID_STATE and INVALID_INPUT (the channel). */
export const promoteArtifact = defineCommand({
  action: 'apps.artifact.promote',
  input: z.object({ id: z.string(), channel: z.enum(CHANNELS), idempotencyKey }),
  scope: () => PLATFORM_SCOPE,
  run: (context, { id, channel }) => moveArtifact(context, { id, event: 'promote', channel }),
});

/** Ends new use of an artifact in two steps: first nobody should, then nobody can. */
export const deprecateArtifact: Command<typeof endInput, { id: string }> = defineCommand({
  action: 'apps.artifact.deprecate',
  input: endInput,
  scope: () => PLATFORM_SCOPE,
  run: (context, { id }) => moveArtifact(context, { id, event: 'deprecate' }),
});

export const retireArtifact: Command<typeof endInput, { id: string }> = defineCommand({
  action: 'apps.artifact.retire',
  input: endInput,
  scope: () => PLATFORM_SCOPE,
  run: (context, { id }) => moveArtifact(context, { id, event: 'retire' }),
});

async function moveArtifact(
  context: CommandContext,
  move: { id: string; event: ArtifactEvent; channel?: Channel },
): Promise<Outcome<{ id: string }>> {
  const artifact = await context.tx.em.findOne(
    ArtifactEntity,
    { id: move.id },
    { lockMode: LockMode.PESSIMISTIC_WRITE },
  );
  if (artifact === null) return refuse('NOT_FOUND', `There is no artifact ${move.id}.`, { field: ['input', 'id'] });
  const from = artifact.lifecycleState;
  const to = artifactLifecycle.next(from, move.event);
  if (to === null) {
    return refuse('INVALID_STATE', `An artifact that is ${from} cannot ${move.event}.`, {
      field: ['input', 'id'],
      details: { lifecycleState: from, availableActions: artifactLifecycle.available(from) },
    });
  }
  if (move.channel !== undefined) {
    if (artifact.trustState !== 'verified') {
      return refuse('NOT_TRUSTED', `Only a verified artifact is promoted; this one is ${artifact.trustState}.`, {
        field: ['input', 'id'],
        details: { trustState: artifact.trustState },
      });
    }
    if (!canClimb(artifact.channel, move.channel, from)) {
      return refuse('INVALID_INPUT', `An artifact climbs; it is in the channel ${artifact.channel} already.`, {
        field: ['input', 'channel'],
        details: { channel: artifact.channel },
      });
    }
    artifact.channel = move.channel;
  }
  Object.assign(artifact, { lifecycleState: to, changedAt: context.now });
  const { channel, digest } = artifact;
  context.describe({ type: 'Artifact', id: artifact.id }, { from, to, channel, digest });
  context.emit(artifactMoved, { subjectId: artifact.id, scope: PLATFORM_SCOPE, data: { from, to, channel, digest } });
  return accept({ id: artifact.id });
}
