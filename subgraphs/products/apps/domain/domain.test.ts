import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHash } from '../../../../kernel/commands/canonical-hash.js';
import { validateLaunchValues } from '../manifest/validate-manifest.js';
import { builtInCatalogue } from '../usecases/seed-catalogue.js';
import { CHANNELS, artifactFault, artifactLifecycle, canClimb, trustLifecycle } from './artifact-lifecycle.js';
import {
  type InstanceState,
  availableActions,
  deadlineOf,
  instanceLifecycle,
  isMetered,
} from './instance-lifecycle.js';
import { renderPlan } from './render-plan.js';
import { DEFAULT_TIMINGS, retryDelaySeconds } from './timings.js';
import { versionLifecycle } from './version-lifecycle.js';
import { FAILURE_CLASSES, afterAttempt, workItemLifecycle } from './work-item-lifecycle.js';

describe('the life of an instance', () => {
  it('can be removed from every state but the last', () => {
    for (const state of instanceLifecycle.states.filter(
      (name) => name !== 'decommissioned' && name !== 'decommissioning',
    )) {
      expect([state, instanceLifecycle.next(state, 'decommission')]).toEqual([state, 'decommissioning']);
    }
    expect(instanceLifecycle.next('decommissioning', 'remove')).toBe('decommissioned');
    expect(instanceLifecycle.isTerminal('decommissioned')).toBe(true);
  });

  it('has a deadline in every state that must not last', () => {
    const now = new Date();
    const bounded = instanceLifecycle.states.filter((state) => deadlineOf(state, now, DEFAULT_TIMINGS) !== null);
    expect(bounded).toEqual(['requested', 'deploying', 'upgrading', 'decommissioning']);
  });

  it('offers a restart to simple apps only, and a repair to clusters only', () => {
    for (const state of ['running', 'degraded'] as const) {
      expect(availableActions({ state, isCluster: false })).toEqual([
        'stop',
        'restart',
        'reconcile',
        'upgrade',
        'decommission',
      ]);
      expect(availableActions({ state, isCluster: true })).toEqual([
        'stop',
        'reconcile',
        'repair',
        'upgrade',
        'decommission',
      ]);
    }
    const rest: [InstanceState, string[]][] = [
      ['requested', ['decommission']],
      ['deploying', ['decommission']],
      ['stopped', ['start', 'decommission']],
      ['failed', ['start', 'decommission']],
      ['upgrading', ['decommission']],
      ['decommissioning', []],
      ['decommission_failed', ['decommission']],
      ['decommissioned', []],
    ];
    for (const [state, actions] of rest)
      expect([state, availableActions({ state, isCluster: false })]).toEqual([state, actions]);
  });

  it('counts run time while it runs and is wanted to', () => {
    const facts = { desiredState: 'running', priceSnapshotId: 'psn' };
    expect(instanceLifecycle.states.filter((state) => isMetered({ ...facts, state }))).toEqual([
      'running',
      'degraded',
      'upgrading',
    ]);
    expect(isMetered({ ...facts, state: 'running', desiredState: 'stopped' })).toBe(false);
    expect(isMetered({ ...facts, state: 'running', priceSnapshotId: null })).toBe(false);
  });
});

describe('an artifact', () => {
  it('climbs channels and never falls', () => {
    for (const from of CHANNELS) {
      for (const to of CHANNELS) {
        const distance = CHANNELS.indexOf(to) - CHANNELS.indexOf(from);
        expect(canClimb(from, to, 'promoted')).toBe(distance > 0);
        expect(canClimb(from, to, 'published')).toBe(distance >= 0);
      }
    }
  });

  it('can be put to new use when it is verified and neither deprecated nor retired', () => {
    const usable = artifactLifecycle.states.flatMap((lifecycleState) =>
      trustLifecycle.states
        .filter((trustState) => artifactFault({ lifecycleState, trustState }) === null)
        .map((trustState) => `${lifecycleState} ${trustState}`),
    );
    expect(usable).toEqual(['published verified', 'promoted verified']);
    expect(artifactFault(undefined)).toBe('is not registered');
  });
});

it('publishes a version one step after the other', () => {
  expect(versionLifecycle.next('draft', 'stage')).toBe('staged');
  expect(versionLifecycle.next('staged', 'canary')).toBe('canary');
  expect(versionLifecycle.next('canary', 'activate')).toBe('active');
  expect(versionLifecycle.next('draft', 'activate')).toBeNull();
  for (const state of ['draft', 'staged', 'canary', 'active'] as const)
    expect(versionLifecycle.next(state, 'retire')).toBe('retired');
});

describe('an attempt', () => {
  const failures = fc.constantFrom(...FAILURE_CLASSES, 'RELEASED' as const);

  it('always leads to an outcome that a held lease offers, and is bounded', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        failures,
        (attempt, attemptsMax, observesFirst, failure) => {
          const outcome = afterAttempt({ attempt, attemptsMax, observesFirst, stopSignal: null }, failure);
          expect(workItemLifecycle.next('leased', outcome.event)).not.toBeNull();
          const isBounded = failure === 'RELEASED' || attempt < attemptsMax || outcome.event === 'bury';
          const looksFirst = outcome.observesFirst || !(failure === 'UNCERTAIN' || observesFirst);
          expect({ isBounded, looksFirst }).toEqual({ isBounded: true, looksFirst: true });
        },
      ),
    );
  });

  it('steps aside for a stop, whatever it met', () => {
    for (const failure of [...FAILURE_CLASSES, 'RELEASED' as const]) {
      const item = { attempt: 1, attemptsMax: 5, observesFirst: false };
      expect(afterAttempt({ ...item, stopSignal: 'CANCEL' }, failure).event).toBe('cancel');
      expect(afterAttempt({ ...item, stopSignal: 'SUPERSEDED' }, failure).event).toBe('supersede');
    }
  });

  it('waits longer each time, within a bound', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 20].map((attempt) => retryDelaySeconds(DEFAULT_TIMINGS, attempt));
    expect(delays).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
  });
});

describe('a plan', () => {
  const [, vllm] = builtInCatalogue();
  if (vllm === undefined) throw new Error('the catalogue has vLLM');
  const { manifest } = vllm;
  const values = validateLaunchValues(manifest, { model: 'openai/gpt-oss-20b' });
  if (!values.ok) throw new Error('the values are valid');

  it('is rendered from manifest and values: images by digest, arguments filled in, private endpoints on loopback', () => {
    const plan = renderPlan(manifest, values.value, { manifestHash: 'h', exposure: {} });
    expect(plan.containers.map(({ name, image }) => [name, /@sha256:[0-9a-f]{64}$/.test(image)])).toEqual([
      ['server', true],
      ['metrics', true],
    ]);
    expect(plan.containers[0]?.arguments).toEqual([
      '--model',
      'openai/gpt-oss-20b',
      '--max-model-len',
      '8192',
      '--gpu-memory-utilization',
      '0.9',
    ]);
    expect(plan.endpoints[0]).toMatchObject({ exposureMode: 'private', bindAddress: '127.0.0.1' });
    expect(
      renderPlan(manifest, values.value, { manifestHash: 'h', exposure: { api: 'managed_ingress' } }).endpoints[0]
        ?.bindAddress,
    ).toBe('0.0.0.0');
  });

  it('has the same hash for the same input, and another for another', () => {
    const render = (model: string): string =>
      canonicalHash(renderPlan(manifest, { ...values.value, model }, { manifestHash: 'h', exposure: {} }));
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => (a === b) === (render(a) === render(b))));
  });
});
