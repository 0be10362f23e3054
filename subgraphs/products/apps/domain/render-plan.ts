import {
  type LaunchValues,
  type Manifest,
  type ManifestContainer,
  type ManifestValue,
  containersOf,
} from '../manifest/manifest.js';

export interface PlannedContainer {
  readonly name: string;
  /** `repository@digest`: deployed by digest only. */
  readonly image: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly gpus: 'none' | 'all';
  readonly mounts: readonly { readonly volume: string; readonly containerPath: string }[];
  readonly dependsOn: readonly string[];
  readonly memoryBytesMax: number | null;
}

export interface PlannedEndpoint {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly path: string;
  readonly exposureMode: string;
  readonly authMode: string;
  /** Private endpoints listen on the host's loopback only and are reached through SSH. */
  readonly bindAddress: string;
}

/** What a worker carries out; shown to the user and hashed. Nothing in it was written by the user but values. */
export interface Plan {
  readonly planVersion: 1;
  readonly app: string;
  readonly version: string;
  readonly manifestHash: string;
  readonly execution: string;
  readonly controller: string | null;
  readonly containers: readonly PlannedContainer[];
  readonly volumes: readonly { readonly name: string; readonly sizeBytes: number }[];
  readonly endpoints: readonly PlannedEndpoint[];
  readonly health: { readonly endpoint: string; readonly path: string; readonly startSecondsMax: number };
  readonly values: LaunchValues;
}

/** Renders a manifest and values into a plan. Pure and deterministic: the same input has the same hash. */
export function renderPlan(
  manifest: Manifest,
  values: LaunchValues,
  options: { manifestHash: string; exposure: Readonly<Record<string, string>> },
): Plan {
  const { execution, health } = manifest;
  return {
    planVersion: 1,
    app: manifest.identity.slug,
    version: manifest.identity.version,
    manifestHash: options.manifestHash,
    execution: execution.kind === 'compose' ? execution.renderer : execution.kind,
    controller: execution.kind === 'external_controller' ? execution.controller : null,
    containers: containersOf(execution).map(({ name, container }) =>
      renderContainer(manifest, name, container, values),
    ),
    volumes: (manifest.storage ?? []).map(({ name, sizeBytes }) => ({ name, sizeBytes })),
    endpoints: manifest.endpoints.map((endpoint) => {
      const exposureMode = options.exposure[endpoint.name] ?? endpoint.exposureModes[0] ?? 'private';
      return {
        name: endpoint.name,
        protocol: endpoint.protocol,
        port: endpoint.port,
        path: endpoint.path ?? '/',
        exposureMode,
        authMode: endpoint.authMode,
        bindAddress: exposureMode === 'private' ? '127.0.0.1' : '0.0.0.0',
      };
    }),
    health: { endpoint: health.endpoint, path: health.path ?? '/', startSecondsMax: health.startSecondsMax },
    values,
  };
}

function renderContainer(
  manifest: Manifest,
  name: string,
  container: ManifestContainer,
  values: LaunchValues,
): PlannedContainer {
  const artifact = manifest.artifacts.find((candidate) => candidate.name === container.artifact);
  if (artifact === undefined) throw new Error(`a valid manifest has the artifact "${container.artifact}"`);
  const paths = new Map((manifest.storage ?? []).map((volume) => [volume.name, volume.containerPath]));
  return {
    name,
    image: `${artifact.repository}@${artifact.digest}`,
    arguments: (container.arguments ?? []).flatMap((value) => render(value, values)),
    environment: Object.fromEntries(
      Object.entries(container.environment ?? {}).flatMap(([key, value]) =>
        render(value, values).map((text) => [key, text]),
      ),
    ),
    gpus: container.gpus ?? 'none',
    mounts: (container.storage ?? []).map((volume) => ({ volume, containerPath: paths.get(volume) ?? '/' })),
    dependsOn: container.dependsOn ?? [],
    memoryBytesMax: container.memoryBytesMax ?? null,
  };
}

/** A parameter without a value renders to nothing at all. */
function render(value: ManifestValue, values: LaunchValues): string[] {
  if (typeof value === 'string') return [value];
  const given = values[value.parameter];
  return given === undefined ? [] : [String(given)];
}
