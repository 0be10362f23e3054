import { defineLifecycle } from '../../../../kernel/lifecycle/transition-table.js';

export type ArtifactState = 'published' | 'promoted' | 'deprecated' | 'retired';
export type ArtifactEvent = 'promote' | 'deprecate' | 'retire';
export type TrustState = 'unverified' | 'verified' | 'failed_verification' | 'revoked';
export type TrustEvent = 'pass' | 'fail' | 'revoke';

/** Spec section 7. Promoting again moves it to a higher channel. */
export const artifactLifecycle = defineLifecycle<ArtifactState, ArtifactEvent>('artifact', 'published', {
  published: { promote: 'promoted' },
  promoted: { promote: 'promoted', deprecate: 'deprecated' },
  deprecated: { retire: 'retired' },
  retired: {},
});

export const trustLifecycle = defineLifecycle<TrustState, TrustEvent>('artifact trust', 'unverified', {
  unverified: { pass: 'verified', fail: 'failed_verification' },
  verified: { revoke: 'revoked' },
  failed_verification: {},
  revoked: {},
});

/** Channels in the order in which an artifact climbs them. */
export const CHANNELS = ['dev', 'test', 'staging', 'prod'] as const;
export type Channel = (typeof CHANNELS)[number];

/** An artifact climbs; it never goes back to a lower channel. The first promotion may name the channel it is in. */
export function canClimb(from: Channel, to: Channel, state: ArtifactState): boolean {
  const distance = CHANNELS.indexOf(to) - CHANNELS.indexOf(from);
  return state === 'published' ? distance >= 0 : distance > 0;
}

/** Why an artifact cannot be put to new use, or null when it can. */
export function artifactFault(
  artifact: { lifecycleState: ArtifactState; trustState: TrustState } | undefined,
): string | null {
  if (artifact === undefined) return 'is not registered';
  if (artifact.trustState !== 'verified') return `has the trust state ${artifact.trustState}`;
  if (artifact.lifecycleState === 'deprecated' || artifact.lifecycleState === 'retired')
    return `is ${artifact.lifecycleState}`;
  return null;
}

/** Host of an OCI repository name: what the allow-list of sources speaks of. */
export function sourceOf(repository: string): string {
  return repository.split('/', 1)[0] ?? repository;
}
