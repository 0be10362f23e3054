import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { systemActor } from '../../../../kernel/access/actor.js';
import type { CommandResult, Json } from '../../../../kernel/commands/command.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { Kernel } from '../../../../kernel/kernel.js';
import { projectPath } from '../../../../kernel/project-path.js';
import type { Manifest } from '../manifest/manifest.js';
import type { AppsCommands } from './apps-commands.js';

export interface CatalogueEntry {
  readonly title: string;
  readonly summary: string;
  readonly manifest: Manifest;
}

/** The built-in apps: JSON data under `catalogue/`. */
export function builtInCatalogue(): CatalogueEntry[] {
  const directory = projectPath('subgraphs', 'products', 'apps', 'catalogue');
  const files = readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .sort();
  return files.map((file) => JSON.parse(readFileSync(path.join(directory, file), 'utf8')) as CatalogueEntry);
}

/**
 * Publishes the built-in apps as the platform itself, through the same commands that a publisher uses: artifacts are registered,
 * verified and promoted, versions go from draft to active. Run again, it does only what is missing.
 */
export async function seedCatalogue(kernel: Kernel, commands: AppsCommands): Promise<{ slugs: string[] }> {
  const entries = builtInCatalogue();
  for (const entry of entries) await seedApp(kernel, commands, entry);
  return { slugs: entries.map((entry) => entry.manifest.identity.slug) };
}

async function seedApp(kernel: Kernel, commands: AppsCommands, entry: CatalogueEntry): Promise<void> {
  const as = { actor: systemActor('apps.catalogue'), correlationId: newId('cor') };
  const { pipeline } = kernel;
  const { title, summary, manifest } = entry;
  const { slug, version } = manifest.identity;
  const known = await kernel.database.read('system', (tx) =>
    tx.row<{ hasApp: boolean; isActive: boolean; versionId: string | null; versionState: string | null }>(
      `select exists (select from apps.apps where slug = $1) as "hasApp",
         (select v.id from apps.versions v join apps.apps a on a.id = v.app_id where a.slug = $1 and v.number = $2) as "versionId",
         (select v.state from apps.versions v join apps.apps a on a.id = v.app_id where a.slug = $1 and v.number = $2) as "versionState"`,
      [slug, version],
    ),
  );
  if (known?.hasApp !== true) accepted(await pipeline.execute(commands.createApp, { slug, title, summary }, as));
  for (const artifact of manifest.artifacts) await seedArtifact(kernel, commands, artifact);
  const registered = known?.versionId ?? null;
  const id =
    registered ?? accepted(await pipeline.execute(commands.registerVersion, { appSlug: slug, manifest }, as)).id;
  const steps = ['draft', 'staged', 'canary', 'active'];
  const events = ['stage', 'canary', 'activate'];
  // A version that somebody retired stays retired.
  const done = known?.versionState == null ? 0 : steps.indexOf(known.versionState);
  for (const event of done < 0 ? [] : events.slice(done))
    accepted(await pipeline.execute(commands.promoteVersion, { id, event }, as));
}

async function seedArtifact(
  kernel: Kernel,
  commands: AppsCommands,
  artifact: { repository: string; digest: string },
): Promise<void> {
  const as = { actor: systemActor('apps.catalogue'), correlationId: newId('cor') };
  const { pipeline } = kernel;
  const known = await kernel.database.read('system', (tx) =>
    tx.row<{ id: string; trustState: string; lifecycleState: string }>(
      `select id, trust_state as "trustState", lifecycle_state as "lifecycleState" from apps.artifacts where repository = $1 and digest = $2`,
      [artifact.repository, artifact.digest],
    ),
  );
  const { repository, digest } = artifact;
  const id =
    known?.id ??
    accepted(
      await pipeline.execute(
        commands.registerArtifact,
        { repository, digest, artifactKind: 'container_image', sourceType: 'oci_registry' },
        as,
      ),
    ).id;
  if ((known?.trustState ?? 'unverified') === 'unverified')
    accepted(await pipeline.execute(commands.verifyArtifact, { id }, as));
  if ((known?.lifecycleState ?? 'published') === 'published')
    accepted(await pipeline.execute(commands.promoteArtifact, { id, channel: 'prod' }, as));
}

function accepted<Result extends Json>(result: CommandResult<Result>): Result {
  if (result.ok) return result.value;
  throw new Error(
    `the catalogue cannot be seeded: ${result.refusals.map((refusal) => `${refusal.code} ${refusal.message}`).join('; ')}`,
  );
}
