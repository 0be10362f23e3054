import { expect, it } from 'vitest';
import { findViolations, violatedRule } from './layers.js';

it('finds no import against the arrows, in a code base that has imports', () => {
  const { violations, imports } = findViolations();
  expect(violations).toEqual([]);
  expect(imports).toBeGreaterThan(100);
});

it.each([
  ['kernel/kernel.ts', 'subgraphs/platform/iam/index.ts'],
  ['subgraphs/platform/iam/subgraph.ts', 'subgraphs/products/apps/index.ts'],
  ['subgraphs/products/apps/subgraph.ts', 'subgraphs/platform/iam/store/roles.ts'],
  ['subgraphs/products/apps/subgraph.ts', 'gateway/index.ts'],
  ['agent/app-worker/worker.ts', 'kernel/kernel.ts'],
  ['gateway/index.ts', 'subgraphs/platform/iam/index.ts'],
  ['kernel/kernel.ts', 'processes/start.ts'],
])('refuses that %s imports %s', (from, to) => {
  expect(violatedRule(from, to)).not.toBeNull();
});

it.each([
  ['subgraphs/products/apps/subgraph.ts', 'subgraphs/platform/iam/index.ts'],
  ['subgraphs/products/apps/subgraph.ts', 'subgraphs/products/allocations/index.ts'],
  ['subgraphs/platform/billing/subgraph.ts', 'kernel/kernel.ts'],
  ['subgraphs/products/allocations/jobs/dispatch.ts', 'agent/protocol/task.ts'],
  ['processes/start.ts', 'gateway/index.ts'],
])('lets %s import %s', (from, to) => {
  expect(violatedRule(from, to)).toBeNull();
});
