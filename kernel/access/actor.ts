/** Who acts. Only the edge (which verified a credential) and the process itself (`system`) make actors. */
export type ActorKind = 'anonymous' | 'human' | 'service_account' | 'api_key' | 'node' | 'system';

/** How strong the sign-in was: 0 unknown, 1 single factor, 2 multi-factor, 3 phishing-resistant (RFC 8176 posture). */
export type AssuranceLevel = 0 | 1 | 2 | 3;

export interface Actor {
  readonly kind: ActorKind;
  /** TypeID of the principal; `anonymous` and `system` have the kind as their id. */
  readonly id: string;
  readonly displayName: string;
  /** Organizations whose rows the actor may meet at all: the outer bound of row level security. `'*'` is every one. */
  readonly organizationIds: readonly string[] | '*';
  /** Set when the credential is bound to one project (service accounts, API keys): nothing outside it is reachable. */
  readonly projectId?: string;
  /** Permissions the credential is limited to, if it is; patterns may end in `.*`. */
  readonly allowList?: readonly string[];
  /** The session or token, for revocation and audit. */
  readonly credentialId?: string;
  readonly sessionId?: string;
  readonly assurance: AssuranceLevel;
  /** When the person last proved presence (OIDC `auth_time`), in seconds since 1970. */
  readonly authenticatedAt?: number;
  /** When the credential ends, in seconds since 1970. */
  readonly expiresAt?: number;
  readonly ip?: string;
  readonly userAgent?: string;
}

export const ANONYMOUS: Actor = {
  kind: 'anonymous',
  id: 'anonymous',
  displayName: 'Anonymous',
  organizationIds: [],
  assurance: 0,
};

/** The platform itself: reconcilers, consumers and seeding. Never accepted from the wire. */
export function systemActor(component: string): Actor {
  return { kind: 'system', id: 'system', displayName: component, organizationIds: '*', assurance: 3 };
}
