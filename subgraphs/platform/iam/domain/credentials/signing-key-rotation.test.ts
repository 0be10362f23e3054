import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type RotationStep,
  type SigningKeyFacts,
  nextRotationStep,
  signingKeyLifecycle,
} from './signing-key-rotation.js';

const times = { activeSeconds: 1000, stagedSeconds: 100, graceSeconds: 200 };
const at = (seconds: number): Date => new Date(seconds * 1000);

describe('the rotation of signing keys', () => {
  it('makes the first key active at once', () => {
    expect(nextRotationStep([], at(0), times)).toEqual({ step: 'create', state: 'active' });
  });

  it('publishes the next key before it signs, and keeps the old one for tokens that still live', () => {
    const active: SigningKeyFacts = { id: 'a', state: 'active', stateChangedAt: at(0) };
    const staged: SigningKeyFacts = { id: 'b', state: 'staged', stateChangedAt: at(900) };
    expect(nextRotationStep([active], at(899), times)).toBeNull();
    expect(nextRotationStep([active], at(900), times)).toEqual({ step: 'create', state: 'staged' });
    expect(nextRotationStep([active, staged], at(999), times)).toBeNull();
    expect(nextRotationStep([active, staged], at(1000), times)).toEqual({ step: 'activate', id: 'b', supersedes: 'a' });
    const grace: SigningKeyFacts = { id: 'a', state: 'grace', stateChangedAt: at(1000) };
    const next: SigningKeyFacts = { id: 'b', state: 'active', stateChangedAt: at(1000) };
    expect(nextRotationStep([grace, next], at(1199), times)).toBeNull();
    expect(nextRotationStep([grace, next], at(1200), times)).toEqual({ step: 'retire', id: 'a' });
  });

  it('never has two signing keys or none for long, never drops a key whose tokens may live, whatever the pauses between runs', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 80 }), (pauses) => {
        const keys: Key[] = [];
        let now = 0;
        for (const pause of pauses) {
          now += pause;
          for (let guard = 0; guard < 10; guard += 1) {
            const step = nextRotationStep(keys, at(now), times);
            if (step === null) break;
            apply(keys, step, at(now));
          }
          expect(nextRotationStep(keys, at(now), times)).toBeNull();
          expect(keys.filter((key) => key.state === 'active')).toHaveLength(1);
          expect(keys.filter((key) => key.state === 'staged').length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 300 },
    );
  });
});

interface Key {
  id: string;
  state: SigningKeyFacts['state'];
  stateChangedAt: Date;
}

/** Does a step, and fails when it comes too early for somebody who holds an older key set or an older token. */
function apply(keys: Key[], step: RotationStep, now: Date): void {
  const move = (id: string, event: 'activate' | 'supersede' | 'retire', secondsMin: number): void => {
    const key = keys.find((candidate) => candidate.id === id);
    const state = key === undefined ? null : signingKeyLifecycle.next(key.state, event);
    if (key === undefined || state === null) throw new Error(`${id} cannot ${event}`);
    const ageSeconds = (now.getTime() - key.stateChangedAt.getTime()) / 1000;
    if (ageSeconds < secondsMin) throw new Error(`${id} does ${event} after ${ageSeconds} s, too early`);
    Object.assign(key, { state, stateChangedAt: now });
  };
  if (step.step === 'create') keys.push({ id: `key-${keys.length}`, state: step.state, stateChangedAt: now });
  else if (step.step === 'retire') move(step.id, 'retire', times.graceSeconds);
  else {
    if (step.supersedes !== null) move(step.supersedes, 'supersede', times.activeSeconds);
    move(step.id, 'activate', times.stagedSeconds);
  }
}
