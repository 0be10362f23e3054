import { readFileSync } from 'node:fs';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { LRUCache } from 'lru-cache';
import { canonicalJson } from '../../../../kernel/commands/canonical-hash.js';
import { projectPath } from '../../../../kernel/project-path.js';
import { forbiddenParameters, forbiddenValues } from './forbidden.js';
import { createValidator, toFaults } from './json-schema.js';
import { type Fault, type LaunchValues, type Manifest, type ManifestValue, containersOf } from './manifest.js';

/** A manifest's canonical JSON has at most so many bytes. */
export const MANIFEST_BYTES_MAX = 65_536;

let compiledSchema: ValidateFunction<Manifest> | undefined;

/** Compiled when the first manifest comes: it takes longer than most else at start. */
function manifestSchema(): ValidateFunction<Manifest> {
  return (compiledSchema ??= createValidator().compile<Manifest>(
    JSON.parse(
      readFileSync(projectPath('subgraphs', 'products', 'apps', 'manifest', 'manifest.schema.json'), 'utf8'),
    ) as object,
  ));
}

export type Validated<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Checks a manifest: against its JSON Schema first, then what a schema cannot say. All faults at once, each with its path. */
export function validateManifest(candidate: unknown): Validated<Manifest> {
  const size = Buffer.byteLength(canonicalJson(candidate));
  if (size > MANIFEST_BYTES_MAX)
    return {
      ok: false,
      faults: [{ path: [], message: `has ${size} bytes; at most ${MANIFEST_BYTES_MAX} are allowed` }],
    };
  const validate = manifestSchema();
  const isShaped = validate(candidate);
  const faults = isShaped ? semanticFaults(candidate) : toFaults(validate.errors);
  const names = parameterNames(candidate);
  faults.push(...forbiddenParameters(names));
  return isShaped && faults.length === 0 ? { ok: true, value: candidate } : { ok: false, faults };
}

function parameterNames(candidate: unknown): string[] {
  const parameters = (candidate as { parameters?: { properties?: unknown } } | null)?.parameters?.properties;
  return typeof parameters === 'object' && parameters !== null ? Object.keys(parameters) : [];
}

function semanticFaults(manifest: Manifest): Fault[] {
  return [
    ...modeFaults(manifest),
    ...uniqueFaults(manifest.endpoints, ['endpoints']),
    ...uniqueFaults(manifest.artifacts, ['artifacts']),
    ...uniqueFaults(manifest.storage ?? [], ['storage']),
    ...healthFaults(manifest),
    ...containerFaults(manifest),
    ...parameterFaults(manifest),
  ];
}

/** Valid pairs only: tenant_dedicated with project or tenant, platform_managed with platform (spec section 14). */
function modeFaults({ modes }: Manifest): Fault[] {
  const isValid = (modes.operatingMode === 'platform_managed') === (modes.controlPlaneScope === 'platform');
  return isValid
    ? []
    : [{ path: ['modes', 'controlPlaneScope'], message: `does not go with the operating mode ${modes.operatingMode}` }];
}

function uniqueFaults(items: readonly { name: string }[], path: readonly string[]): Fault[] {
  const seen = new Set<string>();
  return items.flatMap(({ name }, index) => {
    if (!seen.has(name)) return seen.add(name) && [];
    return [{ path: [...path, String(index), 'name'], message: `"${name}" is used twice` }];
  });
}

function healthFaults({ health, endpoints }: Manifest): Fault[] {
  if (endpoints.some((endpoint) => endpoint.name === health.endpoint)) return [];
  return [{ path: ['health', 'endpoint'], message: `there is no endpoint "${health.endpoint}"` }];
}

function containerFaults(manifest: Manifest): Fault[] {
  const containers = containersOf(manifest.execution);
  const artifacts = new Set(manifest.artifacts.map((artifact) => artifact.name));
  const storage = new Set((manifest.storage ?? []).map((volume) => volume.name));
  const services = new Set(containers.map(({ name }) => name));
  const parameters = new Set(Object.keys(manifest.parameters.properties));
  const unknown = (path: readonly string[], what: string, known: ReadonlySet<string>, name: string): Fault[] =>
    known.has(name) ? [] : [{ path, message: `there is no ${what} "${name}"` }];
  return containers.flatMap(({ path, container }) => [
    ...unknown([...path, 'artifact'], 'artifact', artifacts, container.artifact),
    ...(container.storage ?? []).flatMap((name, index) =>
      unknown([...path, 'storage', String(index)], 'storage', storage, name),
    ),
    ...(container.dependsOn ?? []).flatMap((name, index) =>
      unknown([...path, 'dependsOn', String(index)], 'service', services, name),
    ),
    ...valuesOf(path, container).flatMap(([at, value]) =>
      typeof value === 'string' ? [] : unknown(at, 'parameter', parameters, value.parameter),
    ),
    ...(container.arguments ?? []).flatMap((value, index) => {
      if (typeof value === 'string' || isAlwaysGiven(manifest, value.parameter)) return [];
      // An argument that renders to nothing would leave the flag before it without its value.
      return [
        {
          path: [...path, 'arguments', String(index)],
          message: `"${value.parameter}" needs a default, or must be required`,
        },
      ];
    }),
  ]);
}

function isAlwaysGiven({ parameters }: Manifest, name: string): boolean {
  const property = parameters.properties[name];
  return property === undefined || 'default' in property || (parameters.required ?? []).includes(name);
}

function valuesOf(
  path: readonly string[],
  container: { arguments?: readonly ManifestValue[]; environment?: Readonly<Record<string, ManifestValue>> },
): [readonly string[], ManifestValue][] {
  return [
    ...(container.arguments ?? []).map((value, index): [string[], ManifestValue] => [
      [...path, 'arguments', String(index)],
      value,
    ]),
    ...Object.entries(container.environment ?? {}).map(([name, value]): [string[], ManifestValue] => [
      [...path, 'environment', name],
      value,
    ]),
  ];
}

function parameterFaults({ parameters }: Manifest): Fault[] {
  const faults: Fault[] = (parameters.required ?? [])
    .filter((name) => !(name in parameters.properties))
    .map((name) => ({ path: ['parameters', 'required'], message: `there is no parameter "${name}"` }));
  const validator = createValidator();
  for (const [name, property] of Object.entries(parameters.properties)) {
    const path = ['parameters', 'properties', name];
    try {
      const { default: preset, ...rules } = property;
      const check = validator.compile(rules);
      if (preset !== undefined && !check(preset))
        faults.push({ path: [...path, 'default'], message: 'does not satisfy the parameter itself' });
    } catch (error) {
      faults.push({ path, message: `is not a JSON Schema: ${(error as Error).message}` });
    }
  }
  return faults;
}

/** Compiling a schema costs milliseconds, a launch checks one: the last few are kept. */
const compiled = new LRUCache<string, ValidateFunction<LaunchValues>>({ max: 200 });

function valuesValidator(parameters: Manifest['parameters']): ValidateFunction<LaunchValues> {
  const key = canonicalJson(parameters);
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const check = createValidator().compile<LaunchValues>(parameters);
  compiled.set(key, check);
  return check;
}

/** Checks launch values against a manifest, fills in defaults, refuses what users never give. */
export function validateLaunchValues(manifest: Manifest, values: unknown): Validated<LaunchValues> {
  const copy: unknown = structuredClone(values ?? {});
  const check = valuesValidator(manifest.parameters);
  if (!check(copy)) return { ok: false, faults: toFaults(check.errors) };
  const faults = forbiddenValues(copy);
  return faults.length === 0 ? { ok: true, value: copy } : { ok: false, faults };
}
