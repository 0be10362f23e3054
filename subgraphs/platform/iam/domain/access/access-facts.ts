import type { ScopeLevel } from './built-in-roles.js';

export type BindingEffect = 'allow' | 'deny' | 'guardrail';

export interface ScopeFact {
  readonly id: string;
  readonly level: ScopeLevel;
  /** Null for the root of the facts. */
  readonly parentId: string | null;
  readonly name: string;
  readonly isActive: boolean;
}

export interface BindingFact {
  readonly id: string;
  readonly scopeId: string;
  /** A person, service account or group; `everyone` for a guardrail. */
  readonly principalId: string;
  readonly roleId: string;
  readonly effect: BindingEffect;
  /** Milliseconds since 1970, or null. At this instant it has ended. */
  readonly expiresAt: number | null;
}

/** Everything that decisions about one organization (or about the platform itself) rest on, as one revision has it. */
export interface AccessFacts {
  /** Null for the platform. */
  readonly organizationId: string | null;
  readonly revision: bigint;
  readonly isSuspended: boolean;
  /** The root first: the organization, or the platform. */
  readonly scopes: readonly ScopeFact[];
  readonly customRoles: readonly { readonly id: string; readonly permissions: readonly string[] }[];
  readonly groupMembers: readonly { readonly groupId: string; readonly memberId: string }[];
  readonly members: readonly string[];
  readonly bindings: readonly BindingFact[];
  readonly revokedPrincipals: readonly string[];
}

/** The principal of a guardrail: it limits whoever acts. */
export const EVERYONE = 'everyone';
