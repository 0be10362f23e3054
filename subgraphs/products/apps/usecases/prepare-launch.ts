import { canonicalHash } from '../../../../kernel/commands/canonical-hash.js';
import { type Outcome, accept, refuse, refuseAll } from '../../../../kernel/errors/refusal.js';
import { type Plan, renderPlan } from '../domain/render-plan.js';
import type { Fault, LaunchValues } from '../manifest/manifest.js';
import { validateLaunchValues } from '../manifest/validate-manifest.js';
import { type CatalogueVersion, artifactFaults, findVersion, isEntitled } from '../store/catalogue-store.js';
import type { Work } from './apps-services.js';

export interface LaunchRequest {
  readonly projectId: string;
  readonly appSlug: string;
  readonly versionId?: string | undefined;
  readonly allocationId: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Exposure mode by the name of the endpoint; the manifest's first one where nothing is said. */
  readonly exposure: Readonly<Record<string, string>>;
}

export interface PreparedLaunch {
  readonly version: CatalogueVersion;
  readonly values: LaunchValues;
  readonly plan: Plan;
  readonly planHash: string;
}

/**
 * Everything that must hold before something new runs: an active version, an enabled entitlement, verified artifacts, a fitting
 * active allocation of the same project, and sound values. The first group that fails is answered with all its faults.
 */
export async function prepareLaunch(work: Work, request: LaunchRequest): Promise<Outcome<PreparedLaunch>> {
  const { tx } = work.context;
  const version = await findVersion(tx, { slug: request.appSlug, versionId: request.versionId });
  if (version === null) {
    return refuse('NOT_FOUND', `There is no such version of an app "${request.appSlug}".`, {
      field: ['input', request.versionId === undefined ? 'appSlug' : 'versionId'],
    });
  }
  if (version.state !== 'active') {
    return refuse(
      'INVALID_STATE',
      `Version ${version.number} of ${version.slug} is ${version.state}; only an active one can be launched.`,
      {
        field: ['input', 'versionId'],
        details: { state: version.state },
      },
    );
  }
  if (!(await isEntitled(tx, request.projectId, version.appId))) {
    return refuse(
      'NOT_ENTITLED',
      `${version.slug} is not enabled for this project. Somebody with apps.entitlement.enable can enable it.`,
      {
        field: ['input', 'appSlug'],
        details: { permission: 'apps.entitlement.enable', projectId: request.projectId },
      },
    );
  }
  const untrusted = await artifactFaults(tx, version.manifest);
  if (untrusted.length > 0)
    return refuseAll(
      untrusted.map(({ message }) => ({ code: 'NOT_TRUSTED' as const, message: `The artifact ${message}.` })),
    );
  const capacity = await capacityRefusal(work, request, version);
  if (capacity !== null) return capacity;
  return renderLaunch(request, version);
}

async function capacityRefusal(
  work: Work,
  request: LaunchRequest,
  version: CatalogueVersion,
): Promise<Outcome<never> | null> {
  const field = ['input', 'allocationId'];
  const allocation = await work.services.allocations.find(work.context.tx, request.allocationId);
  // An allocation of another project is nobody's business here: it does not exist.
  if (allocation === null || allocation.projectId !== request.projectId) {
    return refuse('NOT_FOUND', `There is no allocation ${request.allocationId} in this project.`, { field });
  }
  if (allocation.state !== 'active') {
    return refuse('INVALID_STATE', `The allocation is ${allocation.state}; apps run on active ones.`, {
      field,
      details: { state: allocation.state },
    });
  }
  const { shapes, minGpuCount } = version.manifest.capacity;
  if (!shapes.includes(allocation.capacityShape)) {
    return refuse(
      'INVALID_INPUT',
      `${version.slug} needs capacity of the shape ${shapes.join(' or ')}; this allocation is ${allocation.capacityShape}.`,
      {
        field,
        details: { requiredShapes: shapes, capacityShape: allocation.capacityShape },
      },
    );
  }
  if (allocation.gpuCount < minGpuCount) {
    return refuse(
      'INVALID_INPUT',
      `${version.slug} needs at least ${minGpuCount} GPUs; this allocation has ${allocation.gpuCount}.`,
      {
        field,
        details: { minGpuCount, gpuCount: allocation.gpuCount },
      },
    );
  }
  return null;
}

function renderLaunch(request: LaunchRequest, version: CatalogueVersion): Outcome<PreparedLaunch> {
  const { manifest } = version;
  const values = validateLaunchValues(manifest, request.parameters);
  const faults: Fault[] = values.ok
    ? []
    : values.faults.map((fault) => ({ ...fault, path: ['parameters', ...fault.path] }));
  faults.push(...exposureFaults(request.exposure, version));
  if (!values.ok || faults.length > 0) return refuseAll(faults.map(toRefusal));
  const plan = renderPlan(manifest, values.value, { manifestHash: version.manifestHash, exposure: request.exposure });
  return accept({ version, values: values.value, plan, planHash: canonicalHash(plan) });
}

function exposureFaults(exposure: Readonly<Record<string, string>>, version: CatalogueVersion): Fault[] {
  return Object.entries(exposure).flatMap(([name, mode]) => {
    const endpoint = version.manifest.endpoints.find((candidate) => candidate.name === name);
    if (endpoint === undefined) return [{ path: ['exposure', name], message: 'is not an endpoint of the app' }];
    const modes: readonly string[] = endpoint.exposureModes;
    return modes.includes(mode) ? [] : [{ path: ['exposure', name], message: `must be one of ${modes.join(', ')}` }];
  });
}

export function toRefusal(fault: Fault): { code: 'INVALID_INPUT'; message: string; field: string[] } {
  const field = ['input', ...fault.path];
  return { code: 'INVALID_INPUT', message: `${field.join('.')}: ${fault.message}`, field };
}
