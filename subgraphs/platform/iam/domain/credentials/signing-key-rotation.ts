import { defineLifecycle } from '../../../../../kernel/lifecycle/transition-table.js';

/** `staged`: published, not used yet. `active`: signs. `grace`: only verifies. `retired`: verifies nothing (spec section 10). */
export type SigningKeyState = 'staged' | 'active' | 'grace' | 'retired';
export type SigningKeyEvent = 'activate' | 'supersede' | 'retire';

export const signingKeyLifecycle = defineLifecycle<SigningKeyState, SigningKeyEvent>('signing key', 'staged', {
  staged: { activate: 'active' },
  active: { supersede: 'grace' },
  grace: { retire: 'retired' },
  retired: {},
});

export interface SigningKeyFacts {
  readonly id: string;
  readonly state: SigningKeyState;
  readonly stateChangedAt: Date;
}

export interface RotationTimes {
  /** How long a key signs. */
  readonly activeSeconds: number;
  /** How long a key is published before it signs: longer than any verifier keeps the key set. */
  readonly stagedSeconds: number;
  /** How long a key verifies after it signed last: longer than any token lives. */
  readonly graceSeconds: number;
}

export type RotationStep =
  | { readonly step: 'create'; readonly state: 'staged' | 'active' }
  | { readonly step: 'activate'; readonly id: string; readonly supersedes: string | null }
  | { readonly step: 'retire'; readonly id: string };

/**
 * The next step of the rotation, or null when all is well. Level-triggered: whatever was missed is caught up one step at
 * a time. Without any active key a new one signs at once: no verifier can hold an older set that would matter.
 */
export function nextRotationStep(
  keys: readonly SigningKeyFacts[],
  now: Date,
  times: RotationTimes,
): RotationStep | null {
  const ageSeconds = (key: SigningKeyFacts): number => (now.getTime() - key.stateChangedAt.getTime()) / 1000;
  const active = keys.find((key) => key.state === 'active');
  const staged = keys.find((key) => key.state === 'staged');
  if (active === undefined) {
    return staged === undefined
      ? { step: 'create', state: 'active' }
      : { step: 'activate', id: staged.id, supersedes: null };
  }
  const outlived = keys.find((key) => key.state === 'grace' && ageSeconds(key) >= times.graceSeconds);
  if (outlived !== undefined) return { step: 'retire', id: outlived.id };
  if (staged === undefined) {
    return ageSeconds(active) >= times.activeSeconds - times.stagedSeconds ? { step: 'create', state: 'staged' } : null;
  }
  const isRipe = ageSeconds(staged) >= times.stagedSeconds && ageSeconds(active) >= times.activeSeconds;
  return isRipe ? { step: 'activate', id: staged.id, supersedes: active.id } : null;
}
