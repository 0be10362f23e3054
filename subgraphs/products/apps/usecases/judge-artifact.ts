import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { type Command, type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Outcome, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { artifactTrustChanged } from '../domain/apps-events.js';
import { type TrustEvent, sourceOf, trustLifecycle } from '../domain/artifact-lifecycle.js';
import { ArtifactEntity } from '../store/entities.js';
import { type AppsServices, SOURCES_POLICY } from './apps-services.js';

const verifyInput = z.object({ id: z.string(), idempotencyKey });

/**
 * Judges an artifact: a canonical digest (registration saw to that), an explicit kind and source type, and a source on the
 * allow-list (policy `apps.artifact_sources`). One that does not pass is `failed_verification` for ever: register another.
 */
export function createVerifyArtifact(services: AppsServices): Command<typeof verifyInput, { id: string }> {
  return defineCommand({
    action: 'apps.artifact.verify',
    input: verifyInput,
    scope: () => PLATFORM_SCOPE,
    run: (context, { id }) =>
      moveTrust(context, id, async (repository) => {
        const { value } = await services.iam.policies.value(context.tx, SOURCES_POLICY, PLATFORM_SCOPE);
        const source = sourceOf(repository);
        return Array.isArray(value) && value.includes(source)
          ? { event: 'pass', reason: `The source ${source} is on the allow-list.` }
          : { event: 'fail', reason: `The source ${source} is not on the allow-list (policy ${SOURCES_POLICY}).` };
      }),
  });
}

/** Takes trust back: refused for new use from now on; what runs is not touched. */
export const revokeArtifact = defineCommand({
  action: 'apps.artifact.revoke',
  input: z.object({
    id: z.string(),
    reason: z.string().trim().min(1, 'must say why').max(500, 'must have at most 500 characters'),
    idempotencyKey,
  }),
  scope: () => PLATFORM_SCOPE,
  run: (context, { id, reason }) => moveTrust(context, id, async () => ({ event: 'revoke', reason })),
});

async function moveTrust(
  context: CommandContext,
  id: string,
  judge: (repository: string) => Promise<{ event: TrustEvent; reason: string }>,
): Promise<Outcome<{ id: string }>> {
  const artifact = await context.tx.em.findOne(ArtifactEntity, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (artifact === null) return refuse('NOT_FOUND', `There is no artifact ${id}.`, { field: ['input', 'id'] });
  const { event, reason } = await judge(artifact.repository);
  const from = artifact.trustState;
  const to = trustLifecycle.next(from, event);
  if (to === null) {
    return refuse('INVALID_STATE', `The trust in this artifact is ${from}; that does not change this way.`, {
      field: ['input', 'id'],
      details: { trustState: from },
    });
  }
  Object.assign(artifact, { trustState: to, trustReason: reason, changedAt: context.now });
  const { digest } = artifact;
  context.describe({ type: 'Artifact', id }, { from, to, digest });
  context.emit(artifactTrustChanged, { subjectId: id, scope: PLATFORM_SCOPE, data: { from, to, reason, digest } });
  return accept({ id });
}
