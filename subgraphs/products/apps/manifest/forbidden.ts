import type { Fault, LaunchValues } from './manifest.js';

/**
 * Names that no parameter may have: users set values, never how the platform runs things (spec section 14). Compared
 * without case and separators.
 */
const FORBIDDEN_NAMES: readonly [RegExp, string][] = [
  [
    /^(docker)?compose(yaml|yml|file)?$|^manifest(yaml)?$|yaml$/,
    'raw Compose or YAML is never an input; the platform renders it',
  ],
  [
    /host(path|dir|directory|mount|volume|network|pid|ipc)|bindmount|^volumes?$/,
    'host paths and mounts are never an input',
  ],
  [/privileged|capadd|capabilities|securityopt|devices?$/, 'privileged flags are never an input'],
  [
    /registry(user|username|password|token|auth|credentials?|secret)|imagepullsecrets?|dockerconfig/,
    'registry credentials are never an input',
  ],
];

const FORBIDDEN_VALUES: readonly [RegExp, string][] = [
  [
    /(^|\n)\s*(services|version|volumes|networks)\s*:\s*(\n|$)|\n\s+image\s*:/i,
    'looks like a Compose file; the platform renders it',
  ],
  [
    /^(~|\.\.?)?\/|(^|[\s=:,])\.\.\/|^\s*[A-Za-z]:\\|:\//,
    'is or contains a path of the host; storage is declared by the manifest',
  ],
  [/--(privileged|cap-add|device|security-opt|pid|network|ipc|userns|volume|mount)\b/i, 'contains a privileged flag'],
  [/"auths"\s*:|_authToken|docker\s+login|:\/\/[^/\s:@]+:[^/\s@]+@/i, 'contains a registry credential'],
];

/** Faults of parameter names that a manifest would offer. */
export function forbiddenParameters(names: readonly string[]): Fault[] {
  const faults: Fault[] = [];
  for (const name of names) {
    const plain = name.replaceAll(/[^A-Za-z]/g, '').toLowerCase();
    const hit = FORBIDDEN_NAMES.find(([pattern]) => pattern.test(plain));
    if (hit !== undefined) faults.push({ path: ['parameters', 'properties', name], message: hit[1] });
  }
  return faults;
}

/** Faults of launch values. A URL is a value, not a path. */
export function forbiddenValues(values: LaunchValues): Fault[] {
  const faults: Fault[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'string') continue;
    const isUrl = /^https?:\/\/[^\s]+$/.test(value);
    const hit = FORBIDDEN_VALUES.find(([pattern], index) => !(isUrl && index === 1) && pattern.test(value));
    if (hit !== undefined) faults.push({ path: [name], message: hit[1] });
  }
  return faults;
}
