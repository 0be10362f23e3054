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

interface ForbiddenValue {
  readonly pattern: RegExp;
  readonly message: string;
  /** A web address has slashes and colons too. */
  readonly isAllowedInUrl?: boolean;
}

const FORBIDDEN_VALUES: readonly ForbiddenValue[] = [
  {
    pattern: /(^|\n)\s*(services|version|volumes|networks)\s*:\s*(\n|$)|\n\s+image\s*:/i,
    message: 'looks like a Compose file; the platform renders it',
  },
  { pattern: /(^|[\s=:,/\\])\.\.([/\\]|$)/, message: 'is or contains a path of the host' },
  {
    pattern: /^(~|\.)?\/|^\s*[A-Za-z]:\\|:\//,
    message: 'is or contains a path of the host; storage is declared by the manifest',
    isAllowedInUrl: true,
  },
  {
    pattern: /--(privileged|cap-add|device|security-opt|pid|network|ipc|userns|volume|mount)\b/i,
    message: 'contains a privileged flag',
  },
  {
    pattern: /"auths"\s*:|_authToken|docker\s+login|:\/\/[^/\s:@]+:[^/\s@]+@/i,
    message: 'contains a registry credential',
  },
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

/** Faults of launch values. */
export function forbiddenValues(values: LaunchValues): Fault[] {
  const faults: Fault[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'string') continue;
    const isUrl = /^https?:\/\/\S+$/.test(value);
    const hit = FORBIDDEN_VALUES.find((rule) => !(isUrl && rule.isAllowedInUrl === true) && rule.pattern.test(value));
    if (hit !== undefined) faults.push({ path: [name], message: hit.message });
  }
  return faults;
}
