import { type Benchmark, NotAvailable } from '../harness/benchmark.js';
export const allocationCreate: Benchmark = {
  name: 'allocation-create',
  describe: '',
  run: async () => {
    throw new NotAvailable('not written yet');
  },
};
