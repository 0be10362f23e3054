import type { DevelopmentUser } from './identity-provider-options.js';

/** One factor: REFEDS Single-Factor Authentication Profile. */
export const SINGLE_FACTOR = 'https://refeds.org/profile/sfa';
/** Two factors: REFEDS Multi-Factor Authentication Profile. */
export const MULTI_FACTOR = 'https://refeds.org/profile/mfa';
/** Phishing-resistant: OpenID Connect Extended Authentication Profile (EAP) ACR Values 1.0. */
export const PHISHING_RESISTANT = 'phr';

/** Authentication contexts, weakest first. */
export const AUTHENTICATION_CONTEXTS: readonly string[] = [SINGLE_FACTOR, MULTI_FACTOR, PHISHING_RESISTANT];

/** Methods of each context, in the registry of RFC 8176. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  [SINGLE_FACTOR]: ['pwd'],
  [MULTI_FACTOR]: ['pwd', 'otp', 'mfa'],
  [PHISHING_RESISTANT]: ['hwk', 'user', 'mfa'],
};

export interface AuthenticationLevel {
  readonly acr: string;
  readonly amr: readonly string[];
}

/** The values of an `acr_values` parameter, in the client's order of preference. */
export function requestedContexts(acrValues: string | undefined): readonly string[] {
  return acrValues?.split(' ').filter((value) => value !== '') ?? [];
}

/** Whether a sign-in at `acr` is as strong as one of the requested contexts. Nothing requested: always. */
export function satisfies(acr: string | undefined, requested: readonly string[]): boolean {
  if (requested.length === 0) return true;
  if (acr === undefined) return false;
  if (requested.includes(acr)) return true;
  const rank = AUTHENTICATION_CONTEXTS.indexOf(acr);
  return requested.some((context) => {
    const wanted = AUTHENTICATION_CONTEXTS.indexOf(context);
    return wanted !== -1 && rank > wanted;
  });
}

/** What one click gives this person. */
export function plainLevel(user: DevelopmentUser): AuthenticationLevel {
  const acr = user.acr ?? SINGLE_FACTOR;
  return { acr, amr: user.amr ?? METHODS[acr] ?? [] };
}

/** The level that meets the request (RFC 9470), or undefined when this person cannot reach any requested context. */
export function reachableLevel(user: DevelopmentUser, requested: readonly string[]): AuthenticationLevel | undefined {
  const plain = plainLevel(user);
  if (satisfies(plain.acr, requested)) return plain;
  const acr = requested.find((context) => AUTHENTICATION_CONTEXTS.includes(context));
  if (acr === undefined || user.hasSecondFactor === false) return undefined;
  return { acr, amr: METHODS[acr] ?? [] };
}
