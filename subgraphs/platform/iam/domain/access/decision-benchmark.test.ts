import { expect, it } from 'vitest';
import { benchmarkDecisions } from './decision-benchmark.js';

it('decides in far less than 20 microseconds at 100,000 bindings', () => {
  const result = benchmarkDecisions();
  process.stdout.write(`access decisions: ${JSON.stringify(result)}\n`);
  expect(result.laterMicroseconds).toBeLessThan(20);
});
