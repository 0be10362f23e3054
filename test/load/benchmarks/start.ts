import { type Benchmark, NotAvailable } from '../harness/benchmark.js';
export const start: Benchmark = {
  name: 'start',
  describe: '',
  run: async () => {
    throw new NotAvailable('not written yet');
  },
};
