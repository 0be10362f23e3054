import { PLATFORM_SCOPE, type Scope } from '../kernel/access/authority.js';
import { prefixOf } from '../kernel/identifiers/type-id.js';
import type { Directory } from '../subgraphs/platform/iam/index.js';

const VALUES_MAX = 200;

/**
 * The scope that the variables of an operation name: the first project, else the first organization, else the platform.
 * For recording and explaining refusals that fall before a domain has looked at the input; no decision rests on it.
 */
export async function scopeNamedIn(variables: Readonly<Record<string, unknown>>, directory: Directory): Promise<Scope> {
  const ids = identifiersIn(variables);
  for (const id of ids.filter((candidate) => prefixOf(candidate) === 'prj')) {
    const project = await directory.project(id);
    if (project !== null) return project.scope;
  }
  for (const id of ids.filter((candidate) => prefixOf(candidate) === 'org')) {
    const organization = await directory.organization(id);
    if (organization !== null) return organization.scope;
  }
  return PLATFORM_SCOPE;
}

function identifiersIn(variables: Readonly<Record<string, unknown>>): string[] {
  const found: string[] = [];
  const queue: unknown[] = Object.values(variables);
  for (let seen = 0; queue.length > 0 && seen < VALUES_MAX; seen += 1) {
    const value = queue.shift();
    if (typeof value === 'string' && prefixOf(value) !== null) found.push(value);
    else if (typeof value === 'object' && value !== null) queue.push(...Object.values(value).slice(0, VALUES_MAX));
  }
  return found;
}
