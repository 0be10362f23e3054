import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { artifactRegistered } from '../domain/apps-events.js';
import { ArtifactEntity } from '../store/entities.js';

export const ARTIFACT_KINDS = ['container_image', 'model_weights', 'helm_chart'] as const;
export const SOURCE_TYPES = ['oci_registry', 'mirror'] as const;

/** Registers an artifact by its canonical digest: published, unverified, in the channel `dev`. Refuses ALREADY_EXISTS. */
export const registerArtifact = defineCommand({
  action: 'apps.artifact.register',
  input: z.object({
    repository: z
      .string()
      .max(255)
      .regex(
        /^[a-z0-9.-]+(:[0-9]{1,5})?(\/[a-z0-9._-]+)+$/,
        'must be a host and a path, without tag, scheme or credentials',
      ),
    digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 lower-case hexadecimal digits'),
    artifactKind: z.enum(ARTIFACT_KINDS),
    sourceType: z.enum(SOURCE_TYPES),
    idempotencyKey,
  }),
  scope: () => PLATFORM_SCOPE,
  async run(context, { repository, digest, artifactKind, sourceType }) {
    const taken = await context.tx.row<{ id: string }>(
      'select id from apps.artifacts where repository = $1 and digest = $2',
      [repository, digest],
    );
    if (taken !== null)
      return refuse('ALREADY_EXISTS', 'This artifact is registered already.', {
        field: ['input', 'digest'],
        details: { id: taken.id },
      });
    const id = newId('art');
    context.tx.em.create(ArtifactEntity, {
      id,
      repository,
      digest,
      digestAlgorithm: 'sha256',
      artifactKind,
      sourceType,
      lifecycleState: 'published',
      trustState: 'unverified',
      trustReason: null,
      channel: 'dev',
      createdBy: context.actor.id,
      createdAt: context.now,
      changedAt: context.now,
    });
    context.describe({ type: 'Artifact', id }, { repository, digest });
    context.emit(artifactRegistered, { subjectId: id, scope: PLATFORM_SCOPE, data: { repository, digest } });
    return accept({ id });
  },
});
