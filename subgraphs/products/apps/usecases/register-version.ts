import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { canonicalHash } from '../../../../kernel/commands/canonical-hash.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse, refuseAll } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { versionRegistered } from '../domain/apps-events.js';
import { validateManifest } from '../manifest/validate-manifest.js';
import { findAppId } from '../store/catalogue-store.js';
import { AppVersionEntity } from '../store/entities.js';
import { toRefusal } from './prepare-launch.js';

/** Registers a version as a draft. Refuses a manifest with all its faults at once, each with its path; and ALREADY_EXISTS. */
export const registerVersion = defineCommand({
  action: 'apps.version.register',
  input: z.object({ appSlug: z.string(), manifest: z.record(z.string(), z.unknown()), idempotencyKey }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const appId = await findAppId(context.tx, input.appSlug);
    if (appId === null)
      return refuse('NOT_FOUND', `There is no app "${input.appSlug}".`, { field: ['input', 'appSlug'] });
    const validated = validateManifest(input.manifest);
    if (!validated.ok)
      return refuseAll(validated.faults.map((fault) => toRefusal({ ...fault, path: ['manifest', ...fault.path] })));
    const manifest = validated.value;
    const { slug, version: number } = manifest.identity;
    if (slug !== input.appSlug) {
      return refuse('INVALID_INPUT', `The manifest is of "${slug}", not of "${input.appSlug}".`, {
        field: ['input', 'manifest', 'identity', 'slug'],
      });
    }
    const taken = await context.tx.row('select from apps.versions where app_id = $1 and number = $2', [appId, number]);
    if (taken !== null) {
      return refuse('ALREADY_EXISTS', `${slug} ${number} is registered already; a version never changes.`, {
        field: ['input', 'manifest', 'identity', 'version'],
      });
    }
    const id = newId('apv');
    const manifestHash = canonicalHash(manifest);
    context.tx.em.create(AppVersionEntity, {
      id,
      appId,
      number,
      manifest,
      manifestHash,
      state: 'draft',
      stateReason: null,
      stateChangedAt: context.now,
      createdBy: context.actor.id,
      createdAt: context.now,
    });
    context.describe({ type: 'AppVersion', id }, { app: slug, number, manifestHash });
    context.emit(versionRegistered, {
      subjectId: id,
      scope: PLATFORM_SCOPE,
      data: { appSlug: slug, number, manifestHash },
    });
    return accept({ id });
  },
});
