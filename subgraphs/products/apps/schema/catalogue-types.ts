import { Field, ID, ObjectType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, connectionType } from '../../../../kernel/graphql/connection.js';
import { DateTime, JsonObject } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload, Node } from '../../../../kernel/graphql/shared-types.js';
import type { AppRecord, ArtifactRecord, EntitlementRecord, VersionRecord } from '../store/apps-records.js';
import {
  AppVersionState,
  ArtifactChannel,
  ArtifactKind,
  ArtifactLifecycleState,
  ArtifactSourceType,
  ArtifactTrustState,
} from './apps-enums.js';

@ObjectType({ implements: Node, description: 'An app of the catalogue.' })
@Key()
@Tag('public')
export class App extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `app`.' })
  override id!: string;
  @Field(() => String, { description: 'Its unique short name, such as `jupyterlab`; workers poll by it.' })
  slug!: string;
  @Field(() => String, { description: 'Its name for people.' })
  title!: string;
  @Field(() => String, { description: 'What it is for.' })
  summary!: string;
  @Field(() => DateTime, { description: 'When it was added.' })
  createdAt!: Date;
}

@ObjectType({
  implements: Node,
  description: 'A version of an app with its manifest; it never changes, only its publication does.',
})
@Key()
@Tag('public')
export class AppVersion extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `apv`.' })
  override id!: string;
  appId!: string;
  @Field(() => String, { description: 'Semantic version.' })
  number!: string;
  @Field(() => AppVersionState, { description: 'How far it is published.' })
  state!: string;
  @Field(() => String, { nullable: true, description: 'Why it went to this state.' })
  stateReason!: string | null;
  @Field(() => DateTime, { description: 'When it went to this state.' })
  stateChangedAt!: Date;
  @Field(() => JsonObject, {
    description: 'The manifest; its JSON Schema is `subgraphs/products/apps/manifest/manifest.schema.json`.',
  })
  manifest!: Record<string, unknown>;
  @Field(() => String, { description: 'SHA-256 over the canonical JSON (RFC 8785) of the manifest.' })
  manifestHash!: string;
  @Field(() => JsonObject, { description: 'JSON Schema of the launch values, with hints for forms under `x-ui`.' })
  parameters!: Record<string, unknown>;
  @Field(() => DateTime, { description: 'When it was registered.' })
  createdAt!: Date;
}

@ObjectType({
  implements: Node,
  description: 'Something that apps are made of, known by its digest. The platform never carries its bytes.',
})
@Key()
@Tag('operator')
export class Artifact extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `art`.' })
  override id!: string;
  @Field(() => String, { description: 'Host and path of the repository.' })
  repository!: string;
  @Field(() => String, { description: 'Canonical digest.' })
  digest!: string;
  @Field(() => String, { description: 'How the digest was computed, such as `sha256`.' })
  digestAlgorithm!: string;
  @Field(() => ArtifactKind, { description: 'What it is.' })
  artifactKind!: string;
  @Field(() => ArtifactSourceType, { description: 'What kind of place it comes from.' })
  sourceType!: string;
  @Field(() => ArtifactLifecycleState, { description: 'Where it stands.' })
  lifecycleState!: string;
  @Field(() => ArtifactTrustState, { description: 'Whether it may be put to new use.' })
  trustState!: string;
  @Field(() => String, { nullable: true, description: 'Why it is, or is not, trusted.' })
  trustReason!: string | null;
  @Field(() => ArtifactChannel, { description: 'How far it was promoted.' })
  channel!: string;
  @Field(() => DateTime, { description: 'When it was registered.' })
  createdAt!: Date;
}

@ObjectType({ implements: Node, description: 'Whether a project may launch an app.' })
@Key()
@Tag('public')
export class AppEntitlement extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `ent`.' })
  override id!: string;
  appId!: string;
  projectId!: string;
  @Field(() => Boolean, { description: 'Whether new instances may be launched.' })
  isEnabled!: boolean;
  @Field(() => ID, { description: 'Who changed it last.' })
  changedBy!: string;
  @Field(() => DateTime, { description: 'When it was changed last.' })
  changedAt!: Date;
}

@ObjectType()
@Key()
export class Project {
  @Field(() => ID)
  id!: string;
}

export const AppConnection: new () => Connection<App> = connectionType('App', () => App);
export const AppVersionConnection: new () => Connection<AppVersion> = connectionType('AppVersion', () => AppVersion);
export const ArtifactConnection: new () => Connection<Artifact> = connectionType(
  'Artifact',
  () => Artifact,
  'operator',
);
export const AppEntitlementConnection: new () => Connection<AppEntitlement> = connectionType(
  'AppEntitlement',
  () => AppEntitlement,
);

@ObjectType({ description: 'Answer to a mutation of an app.' })
@Tag('operator')
export class AppPayload extends MutationPayload {
  @Field(() => App, { nullable: true, description: 'The app; null when nothing was done.' })
  app!: App | null;
}

@ObjectType({ description: 'Answer to a mutation of a version.' })
@Tag('operator')
export class AppVersionPayload extends MutationPayload {
  @Field(() => AppVersion, { nullable: true, description: 'The version; null when nothing was done.' })
  appVersion!: AppVersion | null;
}

@ObjectType({ description: 'Answer to a mutation of an artifact.' })
@Tag('operator')
export class ArtifactPayload extends MutationPayload {
  @Field(() => Artifact, { nullable: true, description: 'The artifact; null when nothing was done.' })
  artifact!: Artifact | null;
}

@ObjectType({ description: 'Answer to a mutation of an entitlement.' })
@Tag('public')
export class AppEntitlementPayload extends MutationPayload {
  @Field(() => AppEntitlement, { nullable: true, description: 'The entitlement; null when nothing was done.' })
  entitlement!: AppEntitlement | null;
}

export const toApp = (row: AppRecord): App => ({ ...row });
export const toArtifact = (row: ArtifactRecord): Artifact => ({ ...row });
export const toEntitlement = (row: EntitlementRecord): AppEntitlement => ({ ...row });
export function toVersion(row: VersionRecord): AppVersion {
  return { ...row, parameters: row.manifest['parameters'] as Record<string, unknown> };
}
