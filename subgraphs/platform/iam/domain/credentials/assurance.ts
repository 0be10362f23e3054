import type { AssuranceLevel } from '../../../../../kernel/access/actor.js';

/** Authentication contexts that are known by name: REFEDS profiles, OpenID EAP, and their usual abbreviations. */
const CONTEXT_LEVELS: ReadonlyMap<string, AssuranceLevel> = new Map([
  ['https://refeds.org/profile/sfa', 1],
  ['https://refeds.org/profile/mfa', 2],
  ['phr', 3],
  ['phrh', 3],
]);

type Factor = 'knowledge' | 'possession' | 'inherence';

/** RFC 8176: what each method is evidence of. Methods such as `geo` or `wia` are not a factor of the person. */
const FACTORS: ReadonlyMap<string, Factor> = new Map<string, Factor>([
  ...['pwd', 'pin', 'kba'].map((method) => [method, 'knowledge'] as const),
  ...['otp', 'sms', 'tel', 'hwk', 'swk', 'sc', 'pop'].map((method) => [method, 'possession'] as const),
  ...['fpt', 'face', 'iris', 'retina', 'vbm'].map((method) => [method, 'inherence'] as const),
]);

/**
 * How strong a sign-in was, from `acr` and `amr` (RFC 8176). A context that is not known by name counts for nothing:
 * its meaning is the provider's own. Methods alone prove at most two factors; phishing resistance must be said by name.
 */
export function assuranceLevel(acr: unknown, amr: unknown): AssuranceLevel {
  const byContext = typeof acr === 'string' ? (CONTEXT_LEVELS.get(acr) ?? 0) : 0;
  const methods = Array.isArray(amr) ? amr.filter((method): method is string => typeof method === 'string') : [];
  const kinds = new Set(methods.map((method) => FACTORS.get(method)).filter((kind) => kind !== undefined));
  const isMultiple = methods.includes('mfa') || methods.includes('mca') || kinds.size > 1;
  const byMethods = isMultiple ? 2 : kinds.size === 1 ? 1 : 0;
  return byContext > byMethods ? byContext : byMethods;
}
