/** The type of `manifest.schema.json`. The schema is what is enforced; this only names its parts for the compiler. */
export interface Manifest {
  readonly manifestVersion: 1;
  readonly identity: { readonly slug: string; readonly version: string };
  readonly capacity: {
    readonly shapes: readonly string[];
    readonly minGpuCount: number;
    readonly runtimeProfile?: string;
  };
  readonly modes: {
    readonly operatingMode: 'tenant_dedicated' | 'platform_managed';
    readonly controlPlaneScope: 'project' | 'tenant' | 'platform';
    readonly runtimeBackend: 'bare_metal' | 'k8s' | 'slurm' | 'ray';
  };
  readonly billing: 'none' | 'runtime_hour';
  readonly parameters: ParametersSchema;
  readonly artifacts: readonly { readonly name: string; readonly repository: string; readonly digest: string }[];
  readonly endpoints: readonly ManifestEndpoint[];
  readonly storage?: readonly { readonly name: string; readonly containerPath: string; readonly sizeBytes: number }[];
  readonly execution: Execution;
  readonly health: { readonly endpoint: string; readonly path?: string; readonly startSecondsMax: number };
  readonly ui: { readonly mode: 'native' | 'embedded' | 'link_out' };
}

export interface ParametersSchema {
  readonly type: 'object';
  readonly additionalProperties: false;
  readonly required?: readonly string[];
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export type LaunchValue = string | number | boolean;
export type LaunchValues = Readonly<Record<string, LaunchValue>>;

export interface ManifestEndpoint {
  readonly name: string;
  readonly protocol: 'http' | 'openai' | 'ssh';
  readonly port: number;
  readonly path?: string;
  readonly exposureModes: readonly ('private' | 'managed_ingress')[];
  readonly authMode: 'none' | 'browser_oidc' | 'api_bearer' | 'ssh_key';
  readonly baseUrlMode?: 'host' | 'platform_path';
}

export type ManifestValue = string | { readonly parameter: string };

export interface ManifestContainer {
  readonly artifact: string;
  readonly arguments?: readonly ManifestValue[];
  readonly environment?: Readonly<Record<string, ManifestValue>>;
  readonly gpus?: 'none' | 'all';
  readonly storage?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly memoryBytesMax?: number;
}

export type Execution =
  | { readonly kind: 'container'; readonly container: ManifestContainer }
  | {
      readonly kind: 'compose';
      readonly renderer: 'compose-1';
      readonly services: Readonly<Record<string, ManifestContainer>>;
    }
  | { readonly kind: 'external_controller'; readonly controller: string };

/** A fault of a manifest or of launch values, and where it is. */
export interface Fault {
  readonly path: readonly string[];
  readonly message: string;
}

/** A cluster's members fall together when it restarts: such apps offer reconcile and repair instead. */
export function isClusterApp(manifest: Manifest): boolean {
  return manifest.execution.kind === 'external_controller' || manifest.modes.runtimeBackend !== 'bare_metal';
}

/** The containers of a manifest with the paths at which they stand. */
export function containersOf(
  execution: Execution,
): { path: readonly string[]; name: string; container: ManifestContainer }[] {
  if (execution.kind === 'container')
    return [{ path: ['execution', 'container'], name: 'app', container: execution.container }];
  if (execution.kind === 'external_controller') return [];
  return Object.entries(execution.services).map(([name, container]) => ({
    path: ['execution', 'services', name],
    name,
    container,
  }));
}
