import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtInCatalogue } from '../usecases/seed-catalogue.js';
import { forbiddenParameters } from './forbidden.js';
import type { Manifest } from './manifest.js';
import { validateLaunchValues, validateManifest } from './validate-manifest.js';

const [jupyterlab, vllm] = builtInCatalogue().map((entry) => entry.manifest);
if (jupyterlab === undefined || vllm === undefined) throw new Error('the catalogue has two apps');

type Loose = Record<string, unknown>;

function changed(change: (manifest: Loose) => void, base: Manifest = jupyterlab as Manifest): unknown {
  const copy = structuredClone(base) as unknown as Loose;
  change(copy);
  return copy;
}

function faultsOf(candidate: unknown): string[] {
  const result = validateManifest(candidate);
  return result.ok ? [] : result.faults.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('a manifest', () => {
  it.each(builtInCatalogue().map(({ title, manifest }) => [title, manifest] as const))(
    'of %s is valid',
    (_title, manifest) => {
      expect(faultsOf(manifest)).toEqual([]);
    },
  );

  it('is refused with every fault at once, each with its path', () => {
    const faults = faultsOf(
      changed((manifest) => {
        Object.assign(manifest, { billing: 'monthly', surprise: true });
        Object.assign(manifest['identity'] as object, { version: 'latest' });
        Object.assign((manifest['artifacts'] as object[])[0] as object, { digest: 'latest' });
        delete manifest['health'];
      }),
    );
    expect(faults).toEqual(
      expect.arrayContaining([
        'health: must be given',
        'surprise: is not known here',
        'billing: must be one of none, runtime_hour',
        expect.stringMatching(/^identity\.version: /),
        expect.stringMatching(/^artifacts\.0\.digest: /),
      ]),
    );
  });

  it.each([
    ['privileged', true],
    ['volumes', ['/etc:/etc']],
    ['compose', 'services: {}'],
  ])('has no place for %s', (name, value) => {
    const candidate = changed((manifest) =>
      Object.assign((manifest['execution'] as { container: object }).container, { [name]: value }),
    );
    expect(faultsOf(candidate).join('\n')).toContain(`execution.container.${name}: is not known here`);
  });

  it.each([
    ['tenant_dedicated', 'project', true],
    ['tenant_dedicated', 'tenant', true],
    ['tenant_dedicated', 'platform', false],
    ['platform_managed', 'platform', true],
    ['platform_managed', 'project', false],
    ['platform_managed', 'tenant', false],
  ])('with the modes %s and %s is valid: %s', (operatingMode, controlPlaneScope, isValid) => {
    const candidate = changed((manifest) =>
      Object.assign(manifest['modes'] as object, { operatingMode, controlPlaneScope }),
    );
    expect(validateManifest(candidate).ok).toBe(isValid);
  });

  it('must be whole: names lead somewhere and are used once, arguments always have a value', () => {
    const faults = faultsOf(
      changed((manifest) => {
        Object.assign(manifest['health'] as object, { endpoint: 'nowhere' });
        (manifest['endpoints'] as object[]).push(structuredClone((manifest['endpoints'] as object[])[0] as object));
        Object.assign((manifest['execution'] as { container: object }).container, {
          artifact: 'nothing',
          storage: ['nothing'],
          arguments: [{ parameter: 'nothing' }, { parameter: 'theme' }],
        });
        delete (manifest['parameters'] as { properties: { theme: { default?: string } } }).properties.theme.default;
      }),
    );
    expect(faults.sort()).toEqual([
      'endpoints.1.name: "web" is used twice',
      'execution.container.arguments.0: there is no parameter "nothing"',
      'execution.container.arguments.1: "theme" needs a default, or must be required',
      'execution.container.artifact: there is no artifact "nothing"',
      'execution.container.storage.0: there is no storage "nothing"',
      'health.endpoint: there is no endpoint "nowhere"',
    ]);
  });

  it('is refused when a default does not satisfy its own parameter, or a rule is not one', () => {
    const candidate = changed((manifest) => {
      const { properties } = manifest['parameters'] as { properties: Record<string, Record<string, unknown>> };
      Object.assign(properties['theme'] as object, { default: 'pink' });
      Object.assign(properties['idleMinutesMax'] as object, { pattern: '[' });
    });
    const faults = faultsOf(candidate).join('\n');
    expect(faults).toContain('parameters.properties.theme.default: does not satisfy the parameter itself');
    expect(faults).toContain('parameters.properties.idleMinutesMax: is not a JSON Schema');
  });

  it('is refused when it is too large', () => {
    expect(faultsOf({ text: 'x'.repeat(70_000) })).toEqual([expect.stringMatching(/at most 65536 are allowed/)]);
  });

  it.each([
    'composeYaml',
    'hostPath',
    'privileged',
    'registryPassword',
    'dockerConfig',
    'bindMount',
    'capAdd',
    'imagePullSecret',
  ])('cannot offer the parameter %s', (name) => {
    expect(forbiddenParameters([name])).toHaveLength(1);
    const candidate = changed((manifest) => {
      const { properties } = manifest['parameters'] as { properties: Record<string, unknown> };
      properties[name] = { type: 'string', title: 'x', default: 'x' };
    });
    expect(faultsOf(candidate).join()).toContain(`parameters.properties.${name}`);
  });

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(jupyterlab as object)), (value, key) => {
        expect(validateManifest(value).ok).toBe(false);
        const result = validateManifest({ ...(jupyterlab as object), [key]: value });
        expect(result.ok || result.faults.length > 0).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('launch values', () => {
  it('get their defaults and stay what they are', () => {
    expect(validateLaunchValues(vllm, { model: 'openai/gpt-oss-20b' })).toEqual({
      ok: true,
      value: { model: 'openai/gpt-oss-20b', contextTokensMax: 8192, gpuMemoryShare: 0.9 },
    });
  });

  it('are refused with every fault at once', () => {
    const result = validateLaunchValues(vllm, { contextTokensMax: '8192', gpuMemoryShare: 2, image: 'x' });
    expect(result.ok ? [] : result.faults.map(({ path }) => path.join('.')).sort()).toEqual([
      'contextTokensMax',
      'gpuMemoryShare',
      'image',
      'model',
    ]);
  });

  it.each([
    ['a Compose file', 'services:\n  app:\n    image: x', /Compose/],
    ['a path of the host', '/etc/passwd', /path of the host/],
    ['a bind mount', 'data:/etc', /path of the host/],
    ['a way up', 'models/../../etc', /path of the host/],
    ['a privileged flag', 'x --privileged', /privileged flag/],
    ['a registry credential', '{"auths": {}}', /registry credential/],
    ['a URL with a password', 'https://user:pass@quay.io/x', /registry credential/],
  ])('may not be %s', (_what, value, message) => {
    const manifest = changed((candidate) => {
      const { properties } = candidate['parameters'] as { properties: Record<string, unknown> };
      properties['note'] = { type: 'string', title: 'Note' };
    }) as Manifest;
    const result = validateLaunchValues(manifest, { note: value });
    expect(result.ok ? '' : result.faults.map((fault) => fault.message).join()).toMatch(message);
  });

  it('may be a plain address', () => {
    const manifest = changed((candidate) => {
      const { properties } = candidate['parameters'] as { properties: Record<string, unknown> };
      properties['note'] = { type: 'string', title: 'Note' };
    }) as Manifest;
    expect(validateLaunchValues(manifest, { note: 'https://example.com/dataset' }).ok).toBe(true);
  });
});
