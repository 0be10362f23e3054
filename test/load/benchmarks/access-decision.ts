import { type Benchmark, NotAvailable } from '../harness/benchmark.js';
export const accessDecision: Benchmark = {
  name: 'access-decision',
  describe: '',
  run: async () => {
    throw new NotAvailable('not written yet');
  },
};
